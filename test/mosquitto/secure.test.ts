// Shapes of a mosquitto.conf given to Debian's mosquitto and to ours:
// passwords, ACLs, TLS and what belongs to them.

import { SECURE } from './shapes.ts'
import { tryShapes } from './trial.ts'

tryShapes('secure', SECURE)
