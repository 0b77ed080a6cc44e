import * as core from '@sallyport/core'
import * as testing from '@sallyport/core/testing'
import * as sallyport from '@sallyport/express'
import plugin from '@sallyport/fastify'
import express from 'express'
import fastify from 'fastify'
import { visit } from './visit.cjs'

await visit({ core, testing, sallyport, express, plugin, fastify })
