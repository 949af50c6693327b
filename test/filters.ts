// Topic filters beside topics that they match and topics that they do not: MQTT 5.0 section 4.7
// by example. Plain data, for the tests of the tries and for other languages.

/** filter, topics it matches, topics it does not match. */
export const CASES: readonly (readonly [string, string[], string[]])[] = [
  ['a', ['a'], ['b', '/a', 'a/', 'aa', 'A', 'a/b']],
  ['a/b', ['a/b'], ['a', 'a/c', 'b/a', 'a/b/', 'a//b']],
  ['sport/tennis/player1/#', ['sport/tennis/player1', 'sport/tennis/player1/ranking'], ['sport']],
  ['sport/#', ['sport', 'sport/', 'sport/tennis/x'], ['sports', '$sport', 'x/sport']],
  ['#', ['a', '/', 'a/b/c', '//'], ['$SYS', '$SYS/a', '$', '$/']],
  ['+', ['a', 'finance'], ['/finance', 'a/', '$SYS', '$']],
  ['+/+', ['/finance', 'a/b', '/', 'a/'], ['a', 'a/b/c', '$SYS/a']],
  ['/+', ['/finance', '/'], ['finance', '//']],
  ['/#', ['/', '/a', '//'], ['a', 'a/']],
  ['+/#', ['a', 'a/b', '/', '/a'], ['$SYS', '$SYS/a']],
  ['a/+/c', ['a/b/c', 'a//c'], ['a/c', 'a/b/b/c', 'a/b/c/']],
  ['a/+', ['a/b', 'a/'], ['a', 'a/b/c', 'a//']],
  ['a/+/#', ['a/b', 'a/b/c', 'a/', 'a//'], ['a']],
  ['+/tennis/#', ['sport/tennis', 'sport/tennis/x', '/tennis'], ['tennis', '$x/tennis']],
  ['$SYS/#', ['$SYS', '$SYS/monitor/Clients'], ['SYS', '$SYSx']],
  ['$SYS/+', ['$SYS/a'], ['$SYS', '$SYS/a/b']],
  ['$SYS/monitor/+', ['$SYS/monitor/Clients'], ['$SYS/monitor', '+/monitor/Clients']],
  ['a/$b/+', ['a/$b/c', 'a/$b/$c'], ['a/b/c']],
  ['a/+/c/+', ['a/$/c/$'], ['a/$/c']],
  ['a//b', ['a//b'], ['a/b', 'a///b']],
  ['/', ['/'], ['a', '//', 'a/', '/a']],
  ['a/', ['a/'], ['a', 'a//']],
  ['ünï/+/😀', ['ünï/ö/😀'], ['üni/ö/😀', 'ünï/ö/😁']],
  ['a level of more than twenty-four bytes/x', ['a level of more than twenty-four bytes/x'], ['x']],
  ['+/+/+/+', ['///', 'a/b/c/d'], ['//', '////']],
]
