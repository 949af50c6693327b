// Lines of comma-separated values as RFC 4180 has them, without line breaks inside of quotes: a
// line of a file is a line. Used by exchange.ts.

/** @throws SyntaxError @returns the fields of a line */
export function parseCsv(line: string): string[] {
  const fields: string[] = []
  for (let at = 0; ; ) {
    const { field, end } = line[at] === '"' ? quoted(line, at) : plain(line, at)
    fields.push(field)
    if (end === line.length) return fields
    at = end + 1
  }
}

export function formatCsv(fields: readonly string[]): string {
  return fields.map((field) => (/[",]/.test(field) ? quote(field) : field)).join(',')
}

interface Field {
  field: string
  /** Position of the comma behind it, or the end of the line. */
  end: number
}

function plain(line: string, at: number): Field {
  const comma = line.indexOf(',', at)
  const end = comma < 0 ? line.length : comma
  const field = line.slice(at, end)
  if (field.includes('"')) throw new SyntaxError('a quote in the middle of a field')
  return { field: field.trim(), end }
}

function quoted(line: string, at: number): Field {
  let field = ''
  for (let start = at + 1; ; ) {
    const close = line.indexOf('"', start)
    if (close < 0) throw new SyntaxError('a quote that is not closed')
    field += line.slice(start, close)
    const next = line[close + 1]
    if (next !== undefined && next !== ',' && next !== '"') {
      throw new SyntaxError('something between a quote and the next comma')
    }
    if (next !== '"') return { field, end: close + 1 }
    field += '"'
    start = close + 2
  }
}

function quote(field: string): string {
  return `"${field.replaceAll('"', '""')}"`
}
