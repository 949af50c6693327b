// Shapes of a mosquitto.conf given to Debian's mosquitto and to ours:
// the combinations that most files are made of.

import { COMMON } from './shapes.ts'
import { tryShapes } from './trial.ts'

tryShapes('common', COMMON)
