/** A reader of RFC 4180 that knows nothing else. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (let at = 0; at <= text.length;) {
    let cell = ''
    if (text[at] === '"') {
      for (at++; !(text[at] === '"' && text[at + 1] !== '"'); at++) {
        if (at >= text.length) throw new Error('a quote is not closed')
        if (text[at] === '"') at++
        cell += text[at]
      }
      at++
    } else {
      while (at < text.length && text[at] !== ',' && text[at] !== '\r' && text[at] !== '\n') {
        if (text[at] === '"') throw new Error(`a quote inside a cell without quotes at ${at}`)
        cell += text[at++]
      }
    }
    rows.at(-1)!.push(cell)
    if (at >= text.length) break
    if (text[at] === ',') at++
    else if (text.slice(at, at + 2) === '\r\n') {
      rows.push([])
      at += 2
    } else throw new Error(`expected a comma or the end of the line at ${at}`)
  }
  return rows
}
