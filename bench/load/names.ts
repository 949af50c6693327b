// What to call a broker that was given as a command line. Used by the table and the chart.

/** The last path component of a command's first word that says something. */
export function shortName(broker: string): string {
  const words = broker.split(' ')
  const telling = words.find((word) => !/^(node|exec|taskset|-.*|\d+)$/.test(word)) ?? broker
  return (telling.split('/').at(-1) ?? telling).slice(0, 13)
}
