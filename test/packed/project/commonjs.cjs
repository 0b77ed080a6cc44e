const core = require('@sallyport/core')
const testing = require('@sallyport/core/testing')
const sallyport = require('@sallyport/express')
const { default: plugin } = require('@sallyport/fastify')
const express = require('express')
const fastify = require('fastify')
const { visit } = require('./visit.cjs')

visit({ core, testing, sallyport, express, plugin, fastify })
