// Draws a results file as an SVG bar chart: CPU per delivered message, one row a workload, one bar
// a broker, on a logarithmic scale. Called by load/main.ts after a saved run, or by hand:
//   node --import tsx bench/chart.ts bench/results/NAME.json > chart.svg
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { type Result, shortName } from './load/result.ts'

/** The workloads a README has room for. */
const SHOWN: ReadonlyMap<string, string> = new Map([
  ['p2p-10-q0-w100', '10 → 10, QoS 0, window 100'],
  ['p2p-10-q1-w100', '10 → 10, QoS 1, window 100'],
  ['p2p-10-q2-w100', '10 → 10, QoS 2, window 100'],
  ['fanout-1-100', 'fan-out 1 → 100, QoS 0'],
  ['fanin-100-1', 'fan-in 100 → 1, QoS 0'],
  ['shared-1000-5-q1-w4', 'shared 1000 → 5, QoS 1'],
  ['p2p-10-q0-w1', '10 → 10, QoS 0, window 1'],
  ['p2p-1000-q0-w1', '1000 → 1000, QoS 0, window 1'],
])

const WIDTH = 760
const LEFT = 230
const RIGHT = 80
const BAR = 15
const GAP = 12
const TOP = 58
const COLORS = ['#2f7ed8', '#e07b39', '#8a8a8a', '#5aa469'] as const

/** An SVG document; undefined when the results hold none of the workloads it shows. */
export function chart(results: readonly Result[]): string | undefined {
  const brokers = [...new Set(results.map(({ broker }) => broker))]
  const rows = [...SHOWN].flatMap(([name, title]) => {
    const bars = results.filter(({ workload, figures }) => workload === name && figures?.cpuUs)
    return bars.length > 0 ? [{ title, bars }] : []
  })
  const values = rows.flatMap(({ bars }) => bars.map(({ figures }) => figures?.cpuUs as number))
  if (values.length === 0) return undefined
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(...values)
  const scale = (value: number) =>
    (Math.log(value / low) / Math.log(high / low)) * (WIDTH - LEFT - RIGHT)
  let y = TOP
  const parts = rows.map(({ title, bars }) => {
    const height = bars.length * BAR
    const label = text(LEFT - 10, y + height / 2 + 4, title, 'end')
    const drawn = bars.map((bar, index) => {
      const value = bar.figures?.cpuUs as number
      return drawBar(y + index * BAR, scale(value), value, color(brokers.indexOf(bar.broker)))
    })
    y += height + GAP
    return [label, ...drawn].join('\n')
  })
  return page(y, [legend(brokers), ...parts])
}

function drawBar(y: number, length: number, value: number, fill: string): string {
  const width = Math.max(2, length).toFixed(1)
  const rect = `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR - 3}" fill="${fill}"/>`
  const shown = value < 10 ? value.toFixed(2) : value.toFixed(1)
  return rect + text(LEFT + Number(width) + 6, y + BAR - 5, shown, 'start')
}

function legend(brokers: readonly string[]): string {
  const names = brokers.map((broker, index) => {
    const x = LEFT + index * 130
    const square = `<rect x="${x}" y="34" width="12" height="12" fill="${color(index)}"/>`
    return square + text(x + 18, 44, shortName(broker), 'start')
  })
  const title = 'CPU µs of the broker per delivered message, logarithmic: shorter is better'
  return [text(LEFT, 20, title, 'start'), ...names].join('\n')
}

function page(height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<style>
text { font: 12px system-ui, sans-serif; fill: #222 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }
</style>
${parts.join('\n')}
</svg>
`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped}</text>`
}

function color(index: number): string {
  return COLORS[index % COLORS.length] as string
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { results } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
  process.stdout.write(chart(results as Result[]) ?? '')
}
