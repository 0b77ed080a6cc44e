import { beforeEach, expect, it } from 'vitest'
import { Breaker } from './breaker.js'

let seconds: number
let breaker: Breaker
beforeEach(() => {
  seconds = 1000
  breaker = new Breaker(() => seconds)
})

function fail(times: number): void {
  for (let count = 0; count < times; count += 1) breaker.failed()
}

it('lets calls through after four failures in a row, and not after five', () => {
  fail(4)
  expect(breaker.mayCall()).toBe(true)
  fail(1)
  expect(breaker.mayCall()).toBe(false)
  expect(breaker.isOpen).toBe(true)
})

it('counts only failures in a row', () => {
  fail(4)
  breaker.succeeded()
  fail(4)
  expect(breaker.mayCall()).toBe(true)
})

it('lets one probe through after 200 ms, and closes when it is answered', () => {
  fail(5)
  seconds += 0.199
  expect(breaker.mayCall()).toBe(false)
  seconds += 0.002
  expect(breaker.mayCall()).toBe(true)
  expect(breaker.mayCall()).toBe(false)
  breaker.succeeded()
  expect(breaker.mayCall()).toBe(true)
  expect(breaker.mayCall()).toBe(true)
})

it('waits twice as long after each probe in vain, up to two seconds', () => {
  fail(5)
  for (const pause of [0.2, 0.4, 0.8, 1.6, 2, 2]) {
    seconds += pause - 0.001
    expect(breaker.mayCall()).toBe(false)
    seconds += 0.002
    expect(breaker.mayCall()).toBe(true)
    breaker.failed()
  }
  breaker.succeeded()
  fail(5)
  seconds += 0.201
  expect(breaker.mayCall()).toBe(true)
})

it('does not wait longer for calls that were made before it opened', () => {
  fail(50)
  seconds += 0.201
  expect(breaker.mayCall()).toBe(true)
})
