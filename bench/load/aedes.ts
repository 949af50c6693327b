// aedes as a peer: the broker alone, in memory, on the port given as the first argument.
// Started by brokers.ts; pino's log and everything optional stay off.
import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const broker = await Aedes.createBroker()
const server = createServer({ noDelay: true }, broker.handle)
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 })
process.on('SIGTERM', () => process.exit(0))
