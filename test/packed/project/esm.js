import * as core from '@sallyport/core'
import * as testing from '@sallyport/core/testing'
import * as sallyport from '@sallyport/express'
import express from 'express'
import { visit } from './visit.cjs'

await visit({ core, testing, sallyport, express })
