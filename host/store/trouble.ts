// What a failed write means to the client whose message it held: the reason code of the refusal.
// Used by level.ts, which also tells the operator.

import {
  REASON_IMPLEMENTATION_SPECIFIC_ERROR,
  REASON_QUOTA_EXCEEDED,
} from '../../assembly/codes.ts'

const NO_ROOM = /no space left|disk quota|file too large|ENOSPC|EDQUOT|EFBIG/i

/** Quota exceeded when there is no room on the disk, else implementation specific error. */
export function refusalOf(error: Error): number {
  return NO_ROOM.test(error.message) ? REASON_QUOTA_EXCEEDED : REASON_IMPLEMENTATION_SPECIFIC_ERROR
}
