// Times in strftime's words, as Mosquitto's log_timestamp_format has them: the part of POSIX that
// needs no locale. Called for log lines; an unknown word is left as it stands.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August'],
  ...['September', 'October', 'November', 'December'],
]
const DAY_MS = 86_400_000

const WORDS: Record<string, (time: Date) => string> = {
  Y: (time) => String(time.getFullYear()),
  C: (time) => two(Math.floor(time.getFullYear() / 100)),
  y: (time) => two(time.getFullYear() % 100),
  m: (time) => two(time.getMonth() + 1),
  d: (time) => two(time.getDate()),
  e: (time) => String(time.getDate()).padStart(2),
  j: (time) => String(dayOfYear(time)).padStart(3, '0'),
  H: (time) => two(time.getHours()),
  I: (time) => two(time.getHours() % 12 || 12),
  M: (time) => two(time.getMinutes()),
  S: (time) => two(time.getSeconds()),
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  a: (time) => dayName(time).slice(0, 3),
  A: dayName,
  b: (time) => monthName(time).slice(0, 3),
  h: (time) => monthName(time).slice(0, 3),
  B: monthName,
  u: (time) => String(time.getDay() || 7),
  w: (time) => String(time.getDay()),
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  z: offset,
  Z: zoneName,
  '%': () => '%',
}

/** Words that stand for several. */
const COMPOSED: Record<string, string> = {
  F: '%Y-%m-%d',
  T: '%H:%M:%S',
  R: '%H:%M',
  D: '%m/%d/%y',
  r: '%I:%M:%S %p',
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
}

/** Local time, as Mosquitto prints it. */
export function formatTime(time: Date, format: string): string {
  return format.replace(/%(.)/g, (text, word: string) => {
    if (Object.hasOwn(COMPOSED, word)) return formatTime(time, COMPOSED[word] as string)
    return Object.hasOwn(WORDS, word) ? (WORDS[word]?.(time) ?? text) : text
  })
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

function dayName(time: Date): string {
  return DAYS[time.getDay()] as string
}

function monthName(time: Date): string {
  return MONTHS[time.getMonth()] as string
}

function dayOfYear(time: Date): number {
  const day = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate())
  return (day - Date.UTC(time.getFullYear(), 0, 0)) / DAY_MS
}

/** `+0530` */
function offset(time: Date): string {
  const minutes = -time.getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}

function zoneName(time: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(time)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? offset(time)
}
