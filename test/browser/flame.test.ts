import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { formatDuration } from '../../src/model/units.ts'
import type { Trace } from '../../src/model/span.ts'
import { FlameModel, type Figure, type Order } from '../../viewer/ui/flame/flame-model.ts'
import { ROW, topOf } from '../../viewer/ui/flame/paint.ts'
import type { Weight } from '../../viewer/ui/flame/weights.ts'
import type { RunModel } from '../../viewer/ui/run/run-model.ts'
import { draw } from '../draw.ts'
import { drawn, inBrowser, WIDTHS, type BrowserDesk, type Looking } from '../support/browser.ts'
import { runModel } from '../support/run-model.ts'
import { drawerTitle, expectNoDrawer, pixelsAt, type Spot } from './chart.ts'
import { expectNoSidewaysScrolling, expectView } from './pages.ts'

const trace = draw(`
  agent 0-1000
    plan 0-200
      llm 10-190 llm model=gpt-5-mini in=1000 out=100 asks=search#c1,search#c2
    search 200-300 tool call=c1 by=llm
    search 310-450 tool call=c2 by=llm
    fetch 450-600 tool
      parse 460-500
    answer 600-900 llm model=gpt-5-mini in=3000 out=500 carries=c1,c2
    other 610-700 tool
`)

/** A flame graph's canvas has no elements: where a frame is drawn comes from the layout that the picture itself goes by. */
class Flame {
  readonly page: Page
  readonly run: RunModel
  readonly canvas: Locator
  readonly #model: FlameModel

  constructor(page: Page, run: RunModel) {
    this.page = page
    this.run = run
    this.#model = new FlameModel(run)
    this.canvas = page.getByRole('application', { name: `Flame graph of ${run.name(0)}` })
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.page.url().split('?')[1] ?? '')
  }

  /** Within the frame of that name, or the second one with `name#2`. */
  async spot(name: string, share = 0.5): Promise<Spot> {
    const { query } = this
    const [weight, order, figure] = [(query.get('weight') ?? 'time') as Weight, (query.get('order') ?? 'heavy') as Order, (query.get('figure') ?? 'total') as Figure]
    const frames = this.#model.frames(weight, order)
    const layout = this.#model.layout(weight, order, figure)
    const [plain, number = '1'] = name.split('#')
    const frame = [...layout.byRow].filter((one) => this.run.name(frames.spans[frames.firstSpan[one]!]!) === plain)[Number(number) - 1]!
    const zoom = query.get('zoom') === null ? undefined : frames.frameOf[Number(query.get('zoom'))]!
    const [from, to] = zoom === undefined ? [layout.axis.from, layout.axis.to] : [layout.from[zoom]!, layout.to[zoom]!]
    const box = (await this.canvas.boundingBox())!
    const at = layout.from[frame]! + (layout.to[frame]! - layout.from[frame]!) * share
    return { x: box.x + ((at - from) / (to - from)) * box.width, y: box.y + topOf(layout, layout.row[frame]!, query.get('flip') === '1') + ROW / 2 }
  }

  async hover(name: string, share?: number): Promise<void> {
    const { x, y } = await this.spot(name, share)
    await this.page.mouse.move(x, y)
  }

  async click(name: string): Promise<void> {
    const { x, y } = await this.spot(name)
    await this.page.mouse.click(x, y)
  }

  async doubleClick(name: string): Promise<void> {
    const { x, y } = await this.spot(name)
    await this.page.mouse.dblclick(x, y)
  }

  async choose(name: string): Promise<void> {
    await this.page.getByRole('radio', { name, exact: true }).click()
    await this.page.getByRole('radio', { name, exact: true, checked: true }).waitFor()
  }
}

const html = htmlReport(trace)
const model = runModel(trace)

async function open(desk: BrowserDesk, looking: Looking = {}, of?: Trace): Promise<{ readonly page: Page; readonly flame: Flame }> {
  const page = await desk.openFile(of === undefined ? html : htmlReport(of), { hash: '#/flame', ...looking })
  await expectView(page, 'flame')
  return { page, flame: new Flame(page, of === undefined ? model : runModel(of)) }
}

const said = (page: Page): Promise<string | null> => page.locator('.flame-scroll [aria-live]').textContent()
const details = (page: Page): Promise<string> => page.getByRole('region', { name: 'Frame' }).innerText()
const crumbs = (page: Page): Promise<string[]> => page.getByRole('navigation', { name: 'Zoomed into' }).getByRole('listitem').allTextContents()
const tooltip = (page: Page): Promise<string> => page.locator('.tooltip').innerText()
const caption = (page: Page): Promise<string> => page.locator('.flame-notes > p').first().innerText()
const found = (page: Page): Promise<string> => page.locator('.flame-found output').innerText()
const operations = (page: Page): Promise<string[]> => page.getByRole('table', { name: 'Operations' }).locator('.row-button').allTextContents()

inBrowser('the flame graph', (desk) => {
  test('pointed at, a frame tells its figures; merged ones how many spans they are', async () => {
    const { page, flame } = await open(desk)
    await flame.hover('search')
    await expect.poll(() => tooltip(page)).toMatch(/^search\s+tool\s+Total\s+240 ms\s+Self\s+240 ms\s+Share \(total\)\s+22 % of the time\s+Spans\s+2\s+Durations\s+100 ms to 140 ms, median 120 ms$/)
    await flame.hover('fetch')
    await expect.poll(() => tooltip(page)).toMatch(/Total\s+150 ms\s+Self\s+110 ms[^]*Duration\s+150 ms$/)
    await page.mouse.move(5, 5)
    await page.locator('.tooltip').waitFor({ state: 'detached' })
  })

  test('weights, orders and figures change the picture, what is said of it, and the address', async () => {
    const { page, flame } = await open(desk)
    expect(await caption(page)).toMatch(/^Busy time: 1\.09 s in a run of 1\.00 s, more as things ran in parallel/)
    await flame.choose('Critical path')
    expect(await caption(page)).toMatch(/^Time on the critical path, which adds up to the run: 1\.00 s/)
    expect(flame.query.get('weight')).toBe('path')
    await flame.hover('answer')
    await expect.poll(() => tooltip(page)).toMatch(/Total\s+300 ms[^]*30 % of the critical path/)
    await flame.choose('Tokens')
    expect(await caption(page)).toBe('Input and output tokens: 4,600 in 2 calls. Siblings of one name are one frame, the largest first.')
    await flame.hover('answer')
    await expect.poll(() => tooltip(page)).toMatch(/Total\s+3,500\s+Self\s+3,500\s+Share \(total\)\s+76 % of the tokens/)
    await flame.choose('Cost')
    expect(await caption(page)).toMatch(/^Cost: \$0\.\d+ for 2 calls\./)
    await flame.choose('Time')
    expect(flame.query.has('weight')).toBe(false)

    await flame.choose('Time order')
    expect(flame.query.get('order')).toBe('time')
    expect(await caption(page)).toBe('Each span where it was in the 1.00 s of the run; what ran at the same time lies in lanes under its parent.')
    await flame.hover('search#2')
    await expect.poll(() => tooltip(page)).toMatch(/^search\s+tool\s+Duration\s+140 ms\s+Self\s+140 ms\s+Share \(total\)\s+14 % of the run$/)
    await flame.choose('Critical path')
    expect(await caption(page)).toContain('From left to right it is the time of the run')
    await flame.choose('Time')
    await flame.choose('Left heavy')

    await flame.choose('Self')
    expect(flame.query.get('figure')).toBe('self')
    await flame.hover('plan')
    await expect.poll(() => tooltip(page)).toMatch(/Share \(self\)\s+1\.8 % of the time/)
    // The arrow keys choose as well.
    await page.getByRole('radio', { name: 'Self' }).press('ArrowLeft')
    await page.getByRole('radio', { name: 'Total', checked: true }).waitFor()
    expect(flame.query.has('figure')).toBe(false)
  })

  test('a click zooms in; the path above leads out, and so do Escape and Backspace', async () => {
    const { page, flame } = await open(desk)
    expect(await crumbs(page)).toEqual(['agent'])
    await flame.click('fetch')
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'fetch'])
    expect(flame.query.get('zoom')).toBe(String(model.spans.name.findIndex((_, i) => model.name(i) === 'fetch')))
    expect(await details(page)).toMatch(/fetch[^]*Total\s*150 ms/)
    // It fills the width now, and what is in it is below.
    const box = (await flame.canvas.boundingBox())!
    for (const x of [box.x + 8, box.x + box.width - 8]) {
      await page.mouse.move(x, box.y + ROW * 1.5)
      await expect.poll(() => tooltip(page)).toMatch(/^fetch/)
    }
    await flame.click('parse')
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'fetch', 'parse'])
    await page.keyboard.press('Escape')
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'fetch'])
    await page.keyboard.press('Backspace')
    await expect.poll(() => crumbs(page)).toEqual(['agent'])
    expect(flame.query.has('zoom')).toBe(false)
    await flame.click('parse')
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'fetch', 'parse'])
    await page.getByRole('navigation', { name: 'Zoomed into' }).getByRole('button', { name: 'fetch' }).click()
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'fetch'])
    // A frame above leads out too.
    await page.mouse.click(box.x + box.width / 2, box.y + ROW / 2)
    await expect.poll(() => crumbs(page)).toEqual(['agent'])
  })

  test('a double click opens the span, and its frame steps through the others', async () => {
    const { page, flame } = await open(desk)
    await flame.doubleClick('search')
    await expect.poll(() => drawerTitle(page)).toBe('search')
    const steps = page.getByRole('group', { name: 'Spans of this frame' })
    const at = (): Promise<string> => steps.locator('.number').innerText()
    await expect.poll(at).toBe('1 of 2')
    const first = flame.query.get('span')
    await steps.getByRole('button', { name: 'Next span of the frame' }).click()
    await expect.poll(at).toBe('2 of 2')
    expect(flame.query.get('span')).not.toBe(first)
    expect(await page.locator('.drawer').innerText()).toContain('140 ms')
    await steps.getByRole('button', { name: 'Next span of the frame' }).click()
    await expect.poll(at).toBe('1 of 2')
    await steps.getByRole('button', { name: 'Previous span of the frame' }).click()
    await expect.poll(at).toBe('2 of 2')
    await page.locator('.drawer').getByRole('button', { name: 'Close' }).click()
    await expectNoDrawer(page)
    await page.getByRole('button', { name: 'Open the first of 2 spans' }).click()
    await expect.poll(at).toBe('1 of 2')
  })

  test('search tells the share of what it finds, and leaves the rest pale', async () => {
    const { page, flame } = await open(desk)
    const spot = await flame.spot('answer', 0.9)
    const before = await pixelsAt(flame.canvas, spot)
    const field = page.getByRole('searchbox', { name: 'Search frames' })
    await flame.canvas.focus()
    await page.keyboard.press('/')
    await page.keyboard.type('SEARCH')
    await expect.poll(() => found(page)).toBe('1 frame, 22 % of the time')
    await expect.poll(() => pixelsAt(flame.canvas, spot)).not.toBe(before)
    expect(flame.query.get('search')).toBe('SEARCH')
    await field.fill('no such frame')
    await expect.poll(() => found(page)).toBe('no frame matches')
    await field.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('application')
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await field.inputValue()).toBe('')
    await field.fill('llm')
    await expect.poll(() => found(page)).toBe('1 frame, 17 % of the time')
    await field.press('Escape')
    await expect.poll(() => field.inputValue()).toBe('')
    await page.mouse.move(5, 5)
    await expect.poll(() => pixelsAt(flame.canvas, spot)).toBe(before)
  })

  test('the table of operations sorts, and an operation that is chosen stands out', async () => {
    const { page, flame } = await open(desk)
    const table = page.getByRole('table', { name: 'Operations' })
    const head = (name: string): Locator => table.getByRole('columnheader', { name })
    expect(await operations(page)).toEqual(['agent', 'answer', 'search', 'plan', 'llm', 'fetch', 'other', 'parse'])
    expect(await head('Total').getAttribute('aria-sort')).toBe('descending')
    await head('Self').getByRole('button').click()
    await expect.poll(() => head('Self').getAttribute('aria-sort')).toBe('descending')
    expect((await operations(page))[0]).toBe('answer')
    await head('Self').getByRole('button').click()
    await expect.poll(() => head('Self').getAttribute('aria-sort')).toBe('ascending')
    await head('Operation').getByRole('button').click()
    await expect.poll(() => operations(page)).toEqual(['agent', 'answer', 'fetch', 'llm', 'other', 'parse', 'plan', 'search'])
    await head('Spans').getByRole('button').click()
    await expect.poll(async () => (await operations(page))[0]).toBe('search')
    await table.getByRole('button', { name: /^search, 22 % of the time/ }).click()
    await expect.poll(() => found(page)).toBe('search: 1 frame, 22 % of the time')
    expect(await table.locator('[aria-current]').textContent()).toBe('search')
    await table.getByRole('button', { name: /^search, / }).click()
    await expect.poll(() => table.locator('[aria-current]').count()).toBe(0)
    expect(flame.query.has('op')).toBe(false)
  })

  test('the keyboard goes to every frame, and each is described', async () => {
    const { page, flame } = await open(desk)
    const press = async (key: string, text: RegExp): Promise<void> => {
      await page.keyboard.press(key)
      await expect.poll(() => said(page)).toMatch(text)
    }
    await flame.canvas.focus()
    await expect.poll(() => said(page)).toMatch(/^agent, agent, level 1; Total 1\.09 s; Self 110 ms; Share \(total\) 100 % of the time; Duration 1\.00 s$/)
    await press('ArrowDown', /^answer, llm, level 2; Total 300 ms/)
    await press('ArrowRight', /^search, tool, level 2; .*Spans 2; Durations 100 ms to 140 ms/)
    await press('ArrowRight', /^plan, internal, level 2/)
    await press('ArrowDown', /^llm, llm, level 3/)
    await press('ArrowDown', /^llm, /)
    await press('ArrowUp', /^plan, /)
    await press('ArrowLeft', /^search, /)
    await page.keyboard.press('Enter')
    await expect.poll(() => crumbs(page)).toEqual(['agent', 'search'])
    await page.keyboard.press('Enter')
    await expect.poll(() => drawerTitle(page)).toBe('search')
    await page.keyboard.press('Escape')
    await expectNoDrawer(page)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('application')
    await press('Home', /^agent, /)
    await expect.poll(() => crumbs(page)).toEqual(['agent'])
  })

  test('the root can be at the bottom, and the keys go with it', async () => {
    const { page, flame } = await open(desk)
    await page.getByRole('button', { name: 'Root at the bottom' }).click()
    await page.locator('button[aria-pressed="true"]', { hasText: 'Root at the bottom' }).waitFor()
    for (const name of ['agent', 'answer', 'llm']) {
      await flame.hover(name)
      await expect.poll(() => tooltip(page)).toMatch(new RegExp(`^${name}`))
    }
    expect((await flame.spot('agent')).y).toBeGreaterThan((await flame.spot('llm')).y)
    await flame.canvas.focus()
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => said(page)).toMatch(/^answer, /)
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => said(page)).toMatch(/^agent, /)
  })

  test('the address brings everything back, in a reload and in the open page', async () => {
    const { page, flame } = await open(desk)
    await flame.choose('Critical path')
    await flame.choose('Time order')
    await flame.choose('Self')
    await page.getByRole('button', { name: 'Root at the bottom' }).click()
    await flame.click('fetch')
    await page.getByRole('searchbox', { name: 'Search frames' }).fill('parse')
    await expect.poll(() => found(page)).toMatch(/^1 frame, /)
    const look = async (): Promise<unknown> => [
      page.url(), await crumbs(page), await found(page), await caption(page), await page.getByRole('radio', { checked: true }).allTextContents(),
      await page.getByRole('button', { name: 'Root at the bottom' }).getAttribute('aria-pressed'), await page.getByRole('searchbox', { name: 'Search frames' }).inputValue(),
    ]
    const before = await look()
    await page.reload()
    await expectView(page, 'flame')
    expect(await look()).toEqual(before)
    await page.evaluate(() => { location.hash = '#/flame?weight=tokens&search=llm' })
    await expect.poll(() => found(page)).toBe('1 frame, 24 % of the tokens')
    expect(await crumbs(page)).toEqual(['agent'])
    expect(await page.getByRole('searchbox', { name: 'Search frames' }).inputValue()).toBe('llm')
  })

  test('what the run does not know cannot be chosen, and says why', async () => {
    const { page } = await open(desk, { hash: '#/flame?weight=cost' }, draw('agent 0-100\n  work 10-60\n  llm 60-90 llm model=house in=10 out=5'))
    expect(await page.getByRole('radio', { name: 'Cost' }).isDisabled()).toBe(true)
    expect(await page.getByRole('radio', { name: 'Cost' }).getAttribute('title')).toBe('The price of no call of this run is known.')
    expect(await page.locator('.flame-reasons').innerText()).toBe('Cost: The price of no call of this run is known.')
    await page.getByRole('radio', { name: 'Time', exact: true, checked: true }).waitFor()
    // The arrow keys go past it.
    await page.getByRole('radio', { name: 'Time', exact: true }).press('ArrowLeft')
    await page.getByRole('radio', { name: 'Tokens', checked: true }).waitFor()
    const none = await open(desk, {}, draw('agent 0-100\n  work 10-60'))
    expect(await none.page.locator('.flame-reasons').innerText()).toBe('Tokens: No call of a model was answered in this run. Cost: No call of a model was answered in this run.')
  })

  test('a finding’s spans are outlined, and the note says so', async () => {
    const { page, flame } = await open(desk)
    const number = model.analysis.findings.findIndex(({ code }) => code === 'PAR001')
    const spot = await flame.spot('search', 0)
    const before = await pixelsAt(flame.canvas, spot)
    await page.evaluate((one) => { location.hash = `#/flame?finding=${one}` }, number)
    await page.getByText('Outlined: what the finding PAR001 is about.').waitFor()
    await expect.poll(() => pixelsAt(flame.canvas, spot)).not.toBe(before)
  })

  describe.each(WIDTHS)('%s pixels wide', (width) => {
    test('a run with long names, deep and wide, stays in its box', async () => {
      const lines = ['agent-with-a-name-that-goes-on-and-on-and-on-without-any-end 0-1000', ...Array.from({ length: 30 }, (_, i) => `${'  '.repeat(i + 1)}a-rather-long-operation-name-of-level-${i}-which-no-column-holds ${i}-${1000 - i}`)]
      const { page, flame } = await open(desk, { width }, draw(lines.join('\n')))
      await expectNoSidewaysScrolling(page)
      await flame.canvas.focus()
      for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowDown')
      await expect.poll(() => said(page)).toMatch(/level 31;/)
      await page.keyboard.press('Enter')
      await expect.poll(async () => (await crumbs(page)).length).toBe(31)
      await drawn(page)
      await expectNoSidewaysScrolling(page)
      const overlap = await page.locator('.flame-table tbody tr').first().evaluate((row) => {
        const [name, category] = [row.querySelector('.row-button')!, row.children[1]!]
        return name.getBoundingClientRect().right - category.firstElementChild!.getBoundingClientRect().left
      })
      expect(overlap).toBeLessThan(-4)
      expect(await details(page)).toContain(formatDuration(model.durationNs * 0.942))
    })
  })
})
