const core = require('@sallyport/core')
const testing = require('@sallyport/core/testing')
const sallyport = require('@sallyport/express')
const express = require('express')
const { visit } = require('./visit.cjs')

visit({ core, testing, sallyport, express })
