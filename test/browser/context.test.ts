import { expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { htmlReport } from 'spanwise/html'
import { importAll } from '../../adapters/import/index.ts'
import { encodeTrace } from '../../src/trace-file/index.ts'
import { xOf } from '../../viewer/ui/context/geometry.ts'
import { draw } from '../draw.ts'
import { drawn, expectNoAxeViolations, inBrowser } from '../support/browser.ts'
import { CLAUDE, recordedTurns, traceOf, type Turn } from '../support/cached-conversation.ts'
import { Board, TOKEN } from '../support/dashboard.ts'
import { fixture } from '../support/imports.ts'
import { expectNoSidewaysScrolling, openView, queryOf } from './pages.ts'

const turns = recordedTurns('claude-sonnet-4-5-20250929')
const GREP = 2
/** The definition of one tool changes at the fifth call, and again at the tenth. */
const changed = turns.map((turn, at): Turn => (at < 4 ? turn
  : { ...turn, request: turn.request.map((said, i) => (i === GREP ? { ...said, text: `${said.text} ${at < 9 ? 'now' : 'then'}` } : said)) }))
const broken = htmlReport(traceOf(changed, CLAUDE))
const CALLS = turns.length

const session = importAll(['claude-code/spotter-long.jsonl.gz', 'claude-code/spotter-long.agent-a881341.jsonl.gz', 'claude-code/spotter-long.agent-acompact-fffbd0.jsonl.gz'].map(fixture)).traces[0]!

const canvas = (page: Page): Locator => page.locator('.context-canvas canvas')
const tooltip = (page: Page): Locator => page.locator('.tooltip')
const drawer = (page: Page): Locator => page.locator('.drawer')
const saidOf = async (page: Page): Promise<string> => (await page.locator('#context-said p').allTextContents()).join('\n')
const callOf = async (page: Page): Promise<number> => Number(/^Call ([\d,]+)/.exec(await saidOf(page))?.[1]?.replaceAll(',', ''))
const region = (page: Page, name: string | RegExp): Locator => page.getByRole('region', { name })
const rowsOf = (table: Locator): Promise<string[]> => table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent!.trim()).join(' | ')))

/** What is drawn, to be compared. */
async function pictureOf(page: Page): Promise<string> {
  await drawn(page)
  return await canvas(page).evaluate((element) => (element as HTMLCanvasElement).toDataURL())
}

/** Points at the middle of the column at a place, of `places` that are in view. */
async function pointAt(page: Page, index: number, places: number, y = 330): Promise<void> {
  const box = (await canvas(page).boundingBox())!
  await page.mouse.move(box.x + xOf(index + 0.5, { from: 0, to: places }, box.width), box.y + y)
}

async function keysGo(page: Page, steps: readonly (readonly [key: string, call: number])[]): Promise<void> {
  for (const [key, call] of steps) {
    await page.keyboard.press(key)
    await expect.poll(() => callOf(page), { message: key }).toBe(call)
  }
}

inBrowser('the context of a conversation', (desk) => {
  const open = (query = '', width?: number): Promise<Page> => desk.openFile(broken, { hash: `#/context${query}`, ...(width !== undefined && { width }) })

  test('pointing at a column says what it is made of; at one whose prefix broke why, tokens and money', async () => {
    const page = await open()
    await pointAt(page, 1, CALLS)
    await expect.poll(() => tooltip(page).locator('p').allTextContents()).toHaveLength(3)
    expect(await tooltip(page).textContent()).toMatch(/^Call 2, claude-sonnet-4-5-20250929: [\d,]+ tokens, [\d.]+ % of 200,000.*tool definitions.*% of the input read from the cache$/)
    await pointAt(page, 4, CALLS)
    await expect.poll(() => tooltip(page).locator('.broke').textContent())
      .toMatch(/^The cached prefix broke after [\d,]+ tokens?: tool Grep changed: [\d,]+ tokens paid again, \$[\d.]+/)
    const box = (await canvas(page).boundingBox())!
    await page.mouse.move(box.x + 10, box.y + 100)
    await tooltip(page).waitFor({ state: 'detached' })
    await pointAt(page, 4, CALLS)
    await tooltip(page).waitFor()
    await page.mouse.move(2, 2)
    await tooltip(page).waitFor({ state: 'detached' })
  })

  test('keys go from call to call and from break to break, and what they are at is said', async () => {
    const page = await open()
    // At the largest, until somebody goes elsewhere.
    expect(await callOf(page)).toBe(CALLS)
    await canvas(page).focus()
    await keysGo(page, [['Home', 1], ['ArrowLeft', 1], ['ArrowRight', 2], ['Shift+ArrowRight', 5], ['Shift+ArrowRight', 10], ['Shift+ArrowRight', 10], ['ArrowRight', 11], ['Shift+ArrowLeft', 10], ['Shift+ArrowLeft', 5], ['Shift+ArrowLeft', 5], ['End', CALLS], ['ArrowRight', CALLS], ['PageUp', CALLS - 10], ['PageDown', CALLS]])
    await keysGo(page, [['Home', 1], ['Shift+ArrowRight', 5]])
    expect(await saidOf(page)).toMatch(/The cached prefix broke after .* paid again, \$/)
    expect(await page.locator('#context-said').getAttribute('aria-live')).toBe('polite')
  })

  test('Enter opens the call, the arrow keys take the drawer along, and Escape leads back', async () => {
    const page = await open()
    await canvas(page).focus()
    await keysGo(page, [['Home', 1], ['ArrowRight', 2]])
    await page.keyboard.press('Enter')
    await drawer(page).getByText('call 2', { exact: true }).waitFor()
    expect(queryOf(page)).toBe('span=2')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('CANVAS')
    await page.keyboard.press('Enter')
    await drawer(page).waitFor()
    await canvas(page).focus()
    await page.keyboard.press('ArrowRight')
    await drawer(page).getByText('call 3', { exact: true }).waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('CANVAS')
  })

  test('a click opens the call of the column, and the address brings it back', async () => {
    const page = await open()
    await pointAt(page, 6, CALLS)
    await page.mouse.down()
    await page.mouse.up()
    await drawer(page).getByText('call 7', { exact: true }).waitFor()
    expect(await callOf(page)).toBe(7)
    await page.reload()
    await drawer(page).getByText('call 7', { exact: true }).waitFor()
    await expect.poll(() => callOf(page)).toBe(7)
    // A call opened elsewhere is where the keys go on.
    await drawer(page).getByRole('button', { name: /^Span after/ }).click()
    await expect.poll(() => callOf(page)).toBe(8)
  })

  test('height and order of the columns are chosen by click and key, change the picture and stand in the address', async () => {
    const page = await open()
    const first = await pictureOf(page)
    const scale = page.getByRole('radiogroup', { name: 'Height' })
    await scale.getByRole('radio', { name: 'Against the window' }).click()
    await expect.poll(() => queryOf(page)).toBe('scale=window')
    await expect.poll(() => pictureOf(page)).not.toBe(first)
    const small = await pictureOf(page)
    await page.getByRole('radio', { name: 'By kind' }).focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => queryOf(page)).toBe('scale=window stack=order')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('As sent')
    await expect.poll(() => pictureOf(page)).not.toBe(small)
    await scale.getByRole('radio', { name: 'To the largest call' }).click()
    const asSent = await pictureOf(page)
    expect(asSent).not.toBe(first)
    await page.reload()
    await canvas(page).waitFor()
    expect(await page.getByRole('radio', { name: 'As sent' }).getAttribute('aria-checked')).toBe('true')
    await page.getByRole('radio', { name: 'By kind' }).click()
    await expect.poll(() => queryOf(page)).toBe('')
    await page.mouse.move(2, 2)
    await expect.poll(() => pictureOf(page)).toBe(first)
  })

  test('what broke the prefix is listed with its price, and leads to its call', async () => {
    const page = await open()
    const cache = region(page, 'Prompt cache')
    expect(await cache.locator('p').nth(1).textContent()).toMatch(/^[\d.]+ % of the input of these conversations came from a cache\. The prefix broke 2 times: [\d,]+ tokens.*\$[\d.]+.* paid again; 2 by a change of yours or a pause\.$/)
    const rows = await rowsOf(cache)
    expect(rows).toHaveLength(2)
    for (const row of rows) expect(row).toMatch(/^tool Grep changed proven \| call (5|10) after (4|9) \| [\d,]+ \| [\d,]+ \| \$[\d.]+ \| yours \| Keep what is computed \(dates, lists\) out of the definition\.$/)
    await cache.getByRole('button', { name: 'call 10', exact: true }).click()
    await drawer(page).getByText('call 10', { exact: true }).waitFor()
    expect(await callOf(page)).toBe(10)
  })

  test('the fullest call is shown part by part, all of them on demand', async () => {
    const page = await open()
    const peak = region(page, /^What fills the/)
    await expect.poll(() => peak.getByRole('listitem').count()).toBe(12)
    const all = peak.getByRole('button', { name: /^Show all/ })
    const count = Number(/\d+/.exec((await all.textContent())!)![0])
    expect(count).toBeGreaterThan(13)
    await all.click()
    await expect.poll(() => peak.getByRole('listitem').count()).toBe(count)
    const tokens = (await peak.getByRole('listitem').locator('.number').allTextContents()).map((text) => Number(/^[\d,]+/.exec(text)![0].replaceAll(',', '')))
    expect(tokens).toEqual(tokens.toSorted((a, b) => b - a))
    await peak.getByRole('button', { name: 'Show fewer' }).press('Enter')
    await expect.poll(() => peak.getByRole('listitem').count()).toBe(12)
    await peak.getByRole('button', { name: `call ${CALLS}`, exact: true }).click()
    await drawer(page).getByText(`call ${CALLS}`, { exact: true }).waitFor()
  })

  test('definitions that nobody called are told, and how the conversation grew', async () => {
    const page = await open()
    const definitions = await rowsOf(region(page, 'Tool definitions'))
    expect(definitions).toHaveLength(5)
    expect(definitions.filter((row) => row.includes('never')).map((row) => row.split(' | ')[0]).sort()).toEqual(['Edit', 'Grep'])
    await region(page, 'How conversations grew').getByRole('button', { name: `call ${CALLS}` }).click()
    await drawer(page).getByText(`call ${CALLS}`, { exact: true }).waitFor()
  })

  test.each([1280, 390])('axe has no objection, %s pixels wide and with the drawer open', async (width) => {
    const page = await open('?span=5&stack=order', width)
    await drawer(page).waitFor()
    await expectNoSidewaysScrolling(page)
    if (width === 1280) await expectNoAxeViolations(page)
  })
})

inBrowser('the context of other runs', (desk) => {
  test('one without calls says so, and one whose calls tell no tokens', async () => {
    for (const drawing of ['agent 0-100\n  search 5-35 tool', 'agent 0-100\n  gpt 5-35 model=gpt-5-mini failed=Error:gone']) {
      const page = await desk.openFile(htmlReport(draw(drawing)), { hash: '#/context' })
      await page.getByText('No call of this run tells how many tokens its request had.').waitFor()
      expect(await page.locator('#panel canvas').count()).toBe(0)
    }
  })

  test('one that records only counts has no order to show, and no window where none is known', async () => {
    const page = await desk.openFile(htmlReport(draw('agent 0-100\n  own 5-35 model=house in=1200 out=80\n  own 40-50 model=house in=1500 out=9')), { hash: '#/context' })
    await canvas(page).waitFor()
    expect(await page.getByRole('radiogroup').count()).toBe(0)
    expect(await saidOf(page)).toBe('Call 2, house: 1,509 tokens\nnothing read from a cache')
    expect(await page.getByRole('list', { name: 'Kinds of parts' }).getByRole('listitem').allTextContents()).toEqual(['not recorded', 'answer'])
  })

  test('tool results lead to the runs of their tools', async () => {
    const page = await desk.openFile(htmlReport(draw(`
      agent 0-1000
        gpt 0-100 model=gpt-5-mini in=1000 out=50 parts=system:400 asks=search#c1
        search 100-200 tool call=c1 by=gpt
        gpt 200-300 model=gpt-5-mini in=1200 out=50 repeats=gpt carries=c1
        gpt 300-400 model=gpt-5-mini in=1300 out=50 repeats=gpt#2 parts=user:90
    `)), { hash: '#/context' })
    const stays = region(page, 'Tool results, by what their stay cost')
    expect((await rowsOf(stays))[0]).toMatch(/^search \| 2 to 3 \|/)
    await stays.getByRole('button', { name: 'search' }).press('Enter')
    await expect.poll(() => drawer(page).getByRole('heading', { level: 2 }).textContent()).toBe('search')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('search')
  })
})

inBrowser('the context of a long session of Claude Code', (desk) => {
  const html = htmlReport(session)
  const zoomIn = (page: Page): Locator => page.getByRole('button', { name: 'Fewer calls' })

  test('zooms with buttons, keys and the wheel, and moves', async () => {
    const page = await desk.openFile(html, { hash: '#/context' })
    const whole = await pictureOf(page)
    const pointed = async (): Promise<number> => Number(/^Call (\d+)/.exec((await tooltip(page).textContent({ timeout: 10_000 }))!)![1])
    const width = (await canvas(page).boundingBox())!.width
    const spread = async (): Promise<number> => {
      const box = (await canvas(page).boundingBox())!
      await page.mouse.move(box.x + 66, box.y + 200)
      await drawn(page)
      const first = await pointed()
      await page.mouse.move(box.x + width - 16, box.y + 200)
      await drawn(page)
      return (await pointed()) - first
    }
    const all = await spread()
    expect(all).toBeGreaterThan(100)
    await zoomIn(page).click()
    await zoomIn(page).click()
    expect(await spread()).toBeLessThan(all / 3)
    await page.getByRole('button', { name: 'More calls' }).click()
    await page.getByRole('button', { name: 'All calls' }).click()
    await page.mouse.move(2, 2)
    await expect.poll(() => pictureOf(page)).toBe(whole)

    await canvas(page).focus()
    await page.keyboard.press('Home')
    for (const key of ['+', '+', '=']) await page.keyboard.press(key)
    const near = await spread()
    expect(near).toBeLessThan(all / 6)
    // The keyboard takes what is in view along.
    await page.keyboard.press('End')
    const box = (await canvas(page).boundingBox())!
    await page.mouse.move(box.x + width - 16, box.y + 201)
    await expect.poll(pointed).toBeGreaterThan(120)
    const last = await pointed()
    await page.mouse.wheel(-300, 0)
    await drawn(page)
    await page.mouse.move(box.x + width - 16, box.y + 200)
    await expect.poll(pointed).toBeLessThan(last)
    await page.keyboard.press('0')
    await drawn(page)
    expect(await spread()).toBe(all)

    // What is said is of the column under the pointer, also when the columns move below it.
    await page.mouse.move(box.x + width / 2, box.y + 200)
    const middle = await pointed()
    await page.keyboard.press('End')
    for (const key of ['+', '+', '+']) await page.keyboard.press(key)
    await expect.poll(pointed).toBeGreaterThan(middle + 20)
    await page.keyboard.press('0')
    await expect.poll(pointed).toBe(middle)

    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -400)
    await page.keyboard.up('Control')
    await drawn(page)
    expect(await spread()).toBeLessThan(all / 2)
    await page.keyboard.press('-')
    await page.keyboard.press('0')
  })

  test('names its agents, its breaks, and what its tools’ results cost', async () => {
    const page = await desk.openFile(html, { hash: '#/context' })
    expect(await region(page, 'What the requests were made of').locator('.card-head').textContent()).toMatch(/\d+ calls of \d+ agents/)
    await canvas(page).focus()
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+ArrowRight')
    await expect.poll(() => saidOf(page)).toMatch(/The cached prefix broke after [\d,]+ tokens: unknown cause: [\d,]+ tokens paid again, \$/)
    const stays = region(page, 'Tool results, by what their stay cost')
    expect(await rowsOf(stays)).toHaveLength(8)
    await stays.getByRole('button', { name: /^Show all/ }).click()
    expect((await rowsOf(stays)).length).toBeGreaterThan(20)
    await stays.getByRole('cell').getByRole('button').first().click()
    await drawer(page).waitFor()
    expect(await drawer(page).getByRole('region', { name: 'Tool', exact: true }).count()).toBe(1)
    await openView(page, 'context')
    await page.setViewportSize({ width: 390, height: 900 })
    await drawn(page)
    await expectNoSidewaysScrolling(page)
    await page.setViewportSize({ width: 1280, height: 900 })
    await expectNoAxeViolations(page, ['dark'])
  })
})

inBrowser('the context of a run that goes on', (desk) => {
  test('takes new calls into view, unless somebody looks closer', async () => {
    const board = new Board()
    const id = 'a'.repeat(32)
    const write = (calls: number): string => board.write(`2026-11-01_10-20-30_${id.slice(0, 12)}.spanwise.jsonl`, encodeTrace({
      ...draw(['agent 0-', ...Array.from({ length: calls }, (_, i) => `  gpt ${i * 10}-${i * 10 + 5} model=gpt-5-mini in=${100 + i} out=5`)].join('\n')), id,
    }))
    try {
      write(5)
      await board.start()
      const page = await desk.openUrl(board.base, { hash: `#token=${TOKEN}`, mayAsk: (url) => new URL(url).pathname.startsWith('/api/') })
      await page.locator('.run-link').first().click()
      await page.locator('.run-actions').waitFor()
      await openView(page, 'context')
      expect(await callOf(page)).toBe(5)
      write(40)
      await expect.poll(() => callOf(page)).toBe(40)
      await pointAt(page, 39, 40)
      await expect.poll(() => tooltip(page).textContent()).toMatch(/^Call 40,/)
      await canvas(page).focus()
      await page.keyboard.press('Home')
      for (const key of ['+', '+', '+', '+']) await page.keyboard.press(key)
      await pointAt(page, 7, 8)
      await expect.poll(() => tooltip(page).textContent()).toMatch(/^Call 8,/)
      write(60)
      await page.getByText('60 calls; input').waitFor()
      await expect.poll(() => tooltip(page).textContent()).toMatch(/^Call 8,/)
      expect(await callOf(page)).toBe(1)
    } finally {
      await board.close()
      board.remove()
    }
  })
})
