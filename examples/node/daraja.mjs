// The fake Daraja as a process of a test run. Copy this file: it needs nothing but Node 18 or newer, and `tayari`.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export async function startDaraja () {
  const child = spawn('tayari', ['simulate', '--port', '0', '--control-port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`tayari simulate ended with ${code}`)))
  })
  const ready = JSON.parse(line)
  const control = async (method, path, body) => {
    const answer = await fetch(ready.control_url + path, {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${ready.control_token}` },
      body: body && JSON.stringify(body)
    })
    const value = await answer.json()
    if (!answer.ok) throw new Error(value.error.message)
    return value
  }
  return { ...ready, control, stop: () => child.kill() }
}
