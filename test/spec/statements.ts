// Every mandatory normative statement of MQTT 3.1.1 and MQTT 5.0 (appendix B of each
// specification), joined from the table of each version. Read by report.ts only.

import type { Row, SpecVersion, Statement } from './statement.ts'
import { ROWS_3_1_1 } from './statements-3.1.1.ts'
import { ROWS_5_0 } from './statements-5.0.ts'

function of(version: SpecVersion, rows: readonly Row[]): Statement[] {
  return rows.map((row) => ({ ...row, version }))
}

export const STATEMENTS: readonly Statement[] = [...of('3.1.1', ROWS_3_1_1), ...of('5.0', ROWS_5_0)]
