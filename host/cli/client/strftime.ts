// strftime(3) in the C locale, for the `@` sequences of `wasmqtt sub -F`: one conversion letter and
// a moment in local time. Knows nothing of messages.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September'],
  ...['October', 'November', 'December'],
]
const DAY_MS = 86_400_000

/** `2016-08-10T09:47:38+0100`. */
export function isoTime(time: Date): string {
  return `${strftime('F', time)}T${strftime('T', time)}${strftime('z', time)}`
}

/** The text for `%` and this letter; nothing for a letter that strftime does not know. */
export function strftime(letter: string, time: Date): string {
  const compound = COMPOUNDS[letter]
  if (compound !== undefined) {
    return compound.replace(/%(.)/g, (_, inner: string) => strftime(inner, time))
  }
  return SIMPLE[letter]?.(time) ?? ''
}

/** Letters that stand for several others. */
const COMPOUNDS: Record<string, string> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
}

const SIMPLE: Record<string, (time: Date) => string> = {
  a: (time) => dayName(time).slice(0, 3),
  A: dayName,
  b: (time) => monthName(time).slice(0, 3),
  B: monthName,
  C: (time) => pad(Math.floor(time.getFullYear() / 100), 2),
  d: (time) => pad(time.getDate(), 2),
  e: (time) => String(time.getDate()).padStart(2),
  g: (time) => pad(isoWeek(time).year % 100, 2),
  G: (time) => String(isoWeek(time).year),
  H: (time) => pad(time.getHours(), 2),
  I: (time) => pad(twelveHour(time), 2),
  j: (time) => pad(dayOfYear(time) + 1, 3),
  k: (time) => String(time.getHours()).padStart(2),
  l: (time) => String(twelveHour(time)).padStart(2),
  m: (time) => pad(time.getMonth() + 1, 2),
  M: (time) => pad(time.getMinutes(), 2),
  n: () => '\n',
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  P: (time) => (time.getHours() < 12 ? 'am' : 'pm'),
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  S: (time) => pad(time.getSeconds(), 2),
  t: () => '\t',
  u: (time) => String(time.getDay() || 7),
  U: (time) => pad(Math.floor((dayOfYear(time) + 7 - time.getDay()) / 7), 2),
  V: (time) => pad(isoWeek(time).week, 2),
  w: (time) => String(time.getDay()),
  W: (time) => pad(Math.floor((dayOfYear(time) + 7 - ((time.getDay() + 6) % 7)) / 7), 2),
  y: (time) => pad(time.getFullYear() % 100, 2),
  Y: (time) => String(time.getFullYear()),
  z: zoneOffset,
  Z: zoneName,
  '%': () => '%',
}

function pad(number: number, width: number): string {
  return String(number).padStart(width, '0')
}

function dayName(time: Date): string {
  return DAYS[time.getDay()] as string
}

function monthName(time: Date): string {
  return MONTHS[time.getMonth()] as string
}

function twelveHour(time: Date): number {
  return time.getHours() % 12 || 12
}

/** 0 on the first of January; in UTC days, so that clock changes do not count. */
function dayOfYear(time: Date): number {
  const year = time.getFullYear()
  const day = Date.UTC(year, time.getMonth(), time.getDate())
  return Math.round((day - Date.UTC(year, 0, 1)) / DAY_MS)
}

/** ISO 8601: week 1 has the year's first Thursday, weeks begin on Monday. */
function isoWeek(time: Date): { year: number; week: number } {
  const day = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate())
  const thursday = new Date(day + (4 - (time.getDay() || 7)) * DAY_MS)
  const year = thursday.getUTCFullYear()
  const days = (thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS
  return { year, week: Math.floor(days / 7) + 1 }
}

function zoneOffset(time: Date): string {
  const minutes = -time.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${pad(size % 60, 2)}`
}

function zoneName(time: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}
