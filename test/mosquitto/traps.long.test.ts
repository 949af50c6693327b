// Shapes of a mosquitto.conf given to Debian's mosquitto and to ours:
// the traps of the syntax, and included directories.

import { INCLUDES, TRAPS } from './shapes.ts'
import { tryShapes } from './trial.ts'

tryShapes('traps', [...TRAPS, ...INCLUDES])
