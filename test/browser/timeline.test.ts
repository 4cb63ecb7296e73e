import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { lengthOf } from '../../viewer/ui/canvas/range.ts'
import { draw } from '../draw.ts'
import { drawn, inBrowser, type BrowserDesk, type Looking } from '../support/browser.ts'
import { runModel } from '../support/run-model.ts'
import { Chart, drawerTitle, expectNoDrawer, said } from './chart.ts'
import { expectNoSidewaysScrolling, expectView, viewInAddress } from './pages.ts'

const trace = draw(`
  agent 0-1000
    plan 0-300
      llm 10-290 llm model=gpt-5-mini in=1200 out=80 asks=search#c1,orders#c2
    search 300-500 tool call=c1 by=llm
    orders 500-700 tool call=c2 by=llm failed=TimeoutError:no_answer
    lookup 710-800 tool
    lookup 710-760 tool state=cancelled
    answer 810-900 llm model=gpt-5-mini in=1500 out=90 carries=c1,c2
    log 940-1090
    job 950-
`)
const html = htmlReport(trace)
const run = runModel(trace)
const MS = 1e6

async function open(desk: BrowserDesk, looking: Looking = {}): Promise<{ readonly page: Page; readonly chart: Chart }> {
  const page = await desk.openFile(html, { hash: '#/timeline', ...looking })
  await expectView(page, viewInAddress(page))
  return { page, chart: new Chart(page, run, 'Timeline of the run') }
}

/** The chart with the keyboard's focus, as Tab gives it. */
async function openByKeys(desk: BrowserDesk, looking: Looking = {}): Promise<{ readonly page: Page; readonly chart: Chart }> {
  const opened = await open(desk, looking)
  await opened.page.getByRole('button', { name: 'Whole run' }).focus()
  await opened.page.keyboard.press('Tab')
  await expect.poll(() => said(opened.page)).toMatch(/^agent, agent, 1\.00 s/)
  return opened
}

const tooltip = (page: Page): Promise<string> => page.locator('.tooltip').innerText()

inBrowser('the timeline', (desk) => {
  describe('the pointer', () => {
    test('is told what it is at: times, path or slack, how it ended, and what proves what it needed', async () => {
      const { page, chart } = await open(desk)
      await chart.hover('orders')
      await expect.poll(() => tooltip(page)).toMatch(/^orders\s+tool\s+Duration\s+200 ms\s+Starts at\s+500 ms\s+Critical path\s+200 ms\s+Outcome\s+failed: TimeoutError, no answer/)
      expect(await tooltip(page)).toContain('needs llm: its answer asked for this')
      expect(await tooltip(page)).toContain('could have run with search: one answer asked for both')
      expect(await tooltip(page)).toContain('needed by answer: its request carries the result')
      await chart.hover('lookup#2')
      await expect.poll(() => tooltip(page)).toMatch(/Duration\s+50\.0 ms[^]*Slack\s+50\.0 ms[^]*Outcome\s+cancelled/)
      await chart.hover('plan')
      await expect.poll(() => tooltip(page)).toMatch(/Duration\s+300 ms, self 20\.0 ms[^]*Inside\s+1 span/)
      await chart.hover('llm')
      await expect.poll(() => tooltip(page)).toMatch(/Call\s+1, gpt-5-mini\s+Tokens\s+1,200 in, 80 out/)
      const { x, y } = await chart.nowhere()
      await page.mouse.move(x, y)
      await page.locator('.tooltip').waitFor({ state: 'detached' })
      await chart.hover('search')
      await page.locator('.tooltip').waitFor()
      await page.mouse.move(5, 5)
      await page.locator('.tooltip').waitFor({ state: 'detached' })
    })

    test('opens a span with a click; a click beside, Escape and the button close it', async () => {
      const { page, chart } = await open(desk)
      await chart.click('search')
      await expect.poll(() => drawerTitle(page)).toBe('search')
      expect(page.url()).toContain(`span=${chart.placeOf('search')}`)
      await chart.click('orders')
      await expect.poll(() => drawerTitle(page)).toBe('orders')
      const { x, y } = await chart.nowhere()
      await page.mouse.click(x, y)
      await expectNoDrawer(page)
      await chart.click('answer')
      await page.locator('.drawer').waitFor()
      await page.keyboard.press('Escape')
      await expectNoDrawer(page)
      await chart.click('answer')
      await page.locator('.drawer').getByRole('button', { name: 'Close' }).click()
      await expectNoDrawer(page)
      expect(page.url()).not.toContain('span=')
    })

    test('zooms where it is, and moves what is in view', async () => {
      const { page, chart } = await open(desk)
      const spot = await chart.spot('orders')
      const time = await chart.timeAt(spot)
      await page.mouse.move(spot.x, spot.y)
      await page.keyboard.down('Control')
      await page.mouse.wheel(0, -80)
      await page.mouse.wheel(0, -80)
      await page.keyboard.up('Control')
      const closer = await chart.untilRange((range) => lengthOf(range) < lengthOf(chart.whole) * 0.45)
      expect(Math.abs(await chart.timeAt(spot) - time)).toBeLessThan(MS)

      await page.keyboard.down('Shift')
      await page.mouse.wheel(0, 100)
      await page.keyboard.up('Shift')
      const further = await chart.untilRange(({ from }) => from > closer.from)
      expect(lengthOf(further)).toBeCloseTo(lengthOf(closer), -2)

      const held = await chart.timeAt({ x: spot.x + 60, y: spot.y })
      await chart.drag({ x: spot.x + 60, y: spot.y }, { x: spot.x + 160, y: spot.y })
      await chart.untilRange(({ from }) => from < further.from)
      expect(Math.abs(await chart.timeAt({ x: spot.x + 160, y: spot.y }) - held)).toBeLessThan(MS)
      expect(await page.locator('.drawer').count()).toBe(0)
    })

    test('let go outside of the chart, it no longer drags', async () => {
      const { page, chart } = await open(desk, { hash: '#/timeline?from=200&to=600' })
      const box = (await chart.canvas.boundingBox())!
      await page.mouse.move(box.x + 300, box.y + box.height - 2)
      await page.mouse.down()
      await page.mouse.move(box.x + 300, box.y + box.height + 60)
      await page.mouse.up()
      await page.mouse.move(box.x + 300, box.y + box.height - 6)
      await page.mouse.move(box.x + 500, box.y + box.height - 6)
      expect(await chart.canvas.getAttribute('data-panning')).toBeNull()
      await chart.hover('search')
      await expect.poll(() => tooltip(page)).toContain('search')
      expect(page.url()).toContain('from=200&to=600')
    })

    test('chooses a stretch of the axis, fits a span with a double click, and all with one beside', async () => {
      const { page, chart } = await open(desk)
      await chart.drag(await chart.axis(400), await chart.axis(800))
      await chart.expectRange({ from: 400 * MS, to: 800 * MS })
      const spot = await chart.spot('orders')
      await page.mouse.dblclick(spot.x, spot.y)
      await chart.expectRange({ from: 490 * MS, to: 710 * MS })
      await expect.poll(() => drawerTitle(page)).toBe('orders')
      const { x, y } = await chart.nowhere()
      await page.mouse.dblclick(x, y)
      await chart.expectRange(chart.whole)
      // Selecting it opens the details where the second click comes: it is for the first one's span all the same.
      const short = await chart.spot('lookup#2')
      await page.mouse.dblclick(short.x, short.y)
      await chart.expectRange({ from: 707.5 * MS, to: 762.5 * MS })
      expect(await drawerTitle(page)).toBe('lookup')
      await page.keyboard.press('Escape')
      await expectNoDrawer(page)
      await page.mouse.dblclick(x, y)
      await chart.expectRange(chart.whole)
      await expect.poll(() => page.url()).not.toContain('from=')
    })
  })

  test('buttons zoom', async () => {
    const { page, chart } = await open(desk)
    const all = lengthOf(chart.whole)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await chart.untilRange((range) => Math.abs(lengthOf(range) - all / 2) < MS)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await chart.untilRange((range) => Math.abs(lengthOf(range) - all / 4) < MS)
    await page.getByRole('button', { name: 'Zoom out' }).click()
    await chart.untilRange((range) => Math.abs(lengthOf(range) - all / 2) < MS)
    await page.getByRole('button', { name: 'Whole run' }).click()
    await chart.expectRange(chart.whole)
  })

  describe('the keyboard', () => {
    test('goes from span to span, each of which is described, and opens them', async () => {
      const { page } = await openByKeys(desk)
      const press = async (key: string, text: RegExp): Promise<void> => {
        await page.keyboard.press(key)
        await expect.poll(() => said(page)).toMatch(text)
      }
      expect(await said(page)).toMatch(/^agent, agent, 1\.00 s, self 60\.0 ms, from 0 ns, critical path 60\.0 ms, 8 children, ok\.$/)
      await press('ArrowDown', /^plan, internal, 300 ms, .*1 child, ok\.$/)
      await press('ArrowDown', /^llm, llm, 280 ms, .*no children/)
      await press('ArrowDown', /^llm, /)
      await press('ArrowUp', /^plan, /)
      await press('ArrowRight', /^search, tool, 200 ms, self 200 ms, from 300 ms, critical path 200 ms/)
      await press('ArrowRight', /^orders, .*failed: TimeoutError, no answer\.$/)
      await press('ArrowRight', /^lookup, tool, 90\.0 ms/)
      await press('ArrowRight', /^lookup, tool, 50\.0 ms, .*slack 50\.0 ms, .*cancelled\.$/)
      await press('End', /^job, .*not ended, ended after its parent\.$/)
      await press('ArrowLeft', /^log, internal, 150 ms, .*ok, ended after its parent\.$/)
      await press('Home', /^plan, /)
      await press('ArrowRight', /^search, /)
      await page.keyboard.press('Enter')
      await expect.poll(() => drawerTitle(page)).toBe('search')
      expect(await page.evaluate(() => document.activeElement?.closest('.drawer') !== null)).toBe(true)
      await page.keyboard.press('Escape')
      await expectNoDrawer(page)
      expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('application')
      await press('ArrowRight', /^orders, /)
    })

    test('zooms, fits, collapses and finds', async () => {
      const { page, chart } = await openByKeys(desk)
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', '+']) await page.keyboard.press(key)
      const closer = await chart.untilRange((range) => lengthOf(range) < lengthOf(chart.whole) * 0.7)
      expect(closer.from).toBeLessThan(500 * MS)
      expect(closer.to).toBeGreaterThan(700 * MS)
      await page.keyboard.press('-')
      await chart.untilRange((range) => lengthOf(range) > lengthOf(closer) * 1.5)
      await page.keyboard.press('f')
      await chart.expectRange({ from: 490 * MS, to: 710 * MS })
      await page.keyboard.press('0')
      await chart.expectRange(chart.whole)

      const height = (await chart.canvas.boundingBox())!.height
      await page.keyboard.press('Home')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('c')
      await expect.poll(() => said(page)).toContain('8 children, collapsed, 9 spans inside')
      await expect.poll(async () => (await chart.canvas.boundingBox())!.height).toBeLessThan(height)
      await page.keyboard.press('ArrowDown')
      expect(await said(page)).toMatch(/^agent, /)
      await page.keyboard.press('c')
      await expect.poll(() => said(page)).not.toContain('collapsed')
      await expect.poll(async () => (await chart.canvas.boundingBox())!.height).toBe(height)
      await page.keyboard.press('/')
      expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).type)).toBe('search')
    })
  })

  test('the triangle of a bar collapses and opens it, and selects nothing', async () => {
    const { page, chart } = await open(desk)
    const box = await chart.spot('plan', 0)
    const below = await chart.spot('llm')
    const before = await chart.pixels(below)
    await page.mouse.click(box.x + 9, box.y)
    await chart.untilDrawnAnew(below, before)
    expect(await page.locator('.drawer').count()).toBe(0)
    await page.mouse.click(box.x + 9, box.y)
    await expect.poll(() => chart.pixels(below)).toBe(before)
    // What is opened from elsewhere opens what it lies in.
    await page.mouse.click(box.x + 9, box.y)
    await chart.untilDrawnAnew(below, before)
    await page.evaluate((place) => { location.hash = `#/timeline?span=${place}` }, chart.placeOf('llm'))
    await expect.poll(() => drawerTitle(page)).toBe('llm')
    await chart.click('llm')
    expect(await drawerTitle(page)).toBe('llm')
  })

  test('the map of the whole run moves and resizes what is in view', async () => {
    const { page, chart } = await open(desk)
    const map = (await page.locator('.minimap').boundingBox())!
    const y = map.y + map.height / 2
    const x = (ms: number): number => map.x + ((ms * MS - chart.whole.from) / lengthOf(chart.whole)) * map.width
    await chart.drag({ x: x(200), y }, { x: x(600), y })
    await chart.expectRange({ from: 200 * MS, to: 600 * MS })
    await chart.drag({ x: x(400), y }, { x: x(500), y })
    await chart.expectRange({ from: 300 * MS, to: 700 * MS })
    await chart.drag({ x: x(300), y }, { x: x(500), y })
    await chart.expectRange({ from: 500 * MS, to: 700 * MS })
    await chart.drag({ x: x(700), y }, { x: x(900), y })
    await chart.expectRange({ from: 500 * MS, to: 900 * MS })
    await page.mouse.click(x(300), y)
    await chart.expectRange({ from: 100 * MS, to: 500 * MS })
  })

  test('search goes from match to match, and back', async () => {
    const { page, chart } = await open(desk)
    const field = page.getByRole('searchbox', { name: /^Find spans/ })
    const count = page.locator('.timeline-find .count')
    const faint = await chart.spot('search')
    const before = await chart.pixels(faint)
    await page.keyboard.press('Tab')
    await field.fill('lookup')
    await expect.poll(() => count.textContent()).toBe('2 found')
    await chart.untilDrawnAnew(faint, before)
    await field.press('Enter')
    await expect.poll(() => count.textContent()).toBe('1 of 2')
    await expect.poll(() => said(page)).toMatch(/^lookup, tool, 90\.0 ms/)
    await field.press('Enter')
    await expect.poll(() => count.textContent()).toBe('2 of 2')
    await expect.poll(() => said(page)).toMatch(/^lookup, tool, 50\.0 ms/)
    await field.press('Enter')
    await expect.poll(() => count.textContent()).toBe('1 of 2')
    await field.press('Shift+Enter')
    await expect.poll(() => count.textContent()).toBe('2 of 2')
    await page.getByRole('button', { name: 'Match before' }).click()
    await expect.poll(() => count.textContent()).toBe('1 of 2')
    await page.getByRole('button', { name: 'Next match' }).click()
    await expect.poll(() => count.textContent()).toBe('2 of 2')
    await field.fill('timeouterror TOOL')
    await expect.poll(() => count.textContent()).toBe('1 found')
    await field.fill('nothing of that name')
    await expect.poll(() => count.textContent()).toBe('none')
    await field.press('Enter')
    expect(await count.textContent()).toBe('none')
    await field.press('Escape')
    expect(await field.inputValue()).toBe('')
    await page.getByRole('button', { name: 'Whole run' }).click()
    await page.mouse.move(5, 5)
    await expect.poll(() => chart.pixels(faint)).toBe(before)
  })

  test('categories, the path and slack are shown or not', async () => {
    const { page, chart } = await open(desk)
    const toggles = async (button: string, spot: { x: number; y: number }, half?: number): Promise<void> => {
      const one = page.getByRole('button', { name: button, exact: true })
      const [pressed, before] = [await one.getAttribute('aria-pressed'), await chart.pixels(spot, half)]
      await one.click()
      await chart.untilDrawnAnew(spot, before, half)
      expect(await one.getAttribute('aria-pressed')).toBe(pressed === 'true' ? 'false' : 'true')
      await one.click()
      await expect.poll(() => chart.pixels(spot, half)).toBe(before)
      expect(await one.getAttribute('aria-pressed')).toBe(pressed)
    }
    await toggles('tool', await chart.spot('search'))
    await toggles('llm', await chart.spot('answer'))
    const { x, y } = await chart.spot('search')
    await toggles('Critical path', { x, y: y + 11 })
    const end = await chart.spot('lookup#2', 1)
    await toggles('Slack', { x: end.x + 20, y: end.y }, 8)
  })

  test('the address holds what is in view and searched for, and a reload brings it back', async () => {
    const { page, chart } = await open(desk)
    await page.getByRole('searchbox', { name: /^Find spans/ }).fill('lookup')
    await chart.drag(await chart.axis(400), await chart.axis(800))
    await chart.expectRange({ from: 400 * MS, to: 800 * MS })
    await expect.poll(() => page.url()).toMatch(/[?&]find=lookup&from=\d+\.?\d*&to=\d+\.?\d*$/)
    const address = page.url()
    const spot = await chart.spot('orders')
    await page.mouse.move(5, 5)
    await drawn(page)
    const before = await chart.pixels(spot, 8)
    await page.reload()
    await expectView(page, 'timeline')
    expect(await page.getByRole('searchbox', { name: /^Find spans/ }).inputValue()).toBe('lookup')
    expect(await page.locator('.timeline-find .count').textContent()).toBe('2 found')
    await expect.poll(() => chart.pixels(spot, 8)).toBe(before)
    await chart.expectRange({ from: 400 * MS, to: 800 * MS })
    expect(page.url()).toBe(address)
    // Another address in the open page is gone to as well.
    await page.evaluate(() => { location.hash = '#/timeline?from=100&to=300&find=plan' })
    await expect.poll(() => page.locator('.timeline-find .count').textContent()).toBe('1 found')
    await chart.expectRange({ from: 100 * MS, to: 300 * MS })
  })

  test('a finding’s link marks its spans and fits them; its banner closes', async () => {
    const { page, chart } = await open(desk, { hash: '#/overview' })
    const number = run.analysis.findings.findIndex(({ code }) => code === 'PAR001')
    const finding = run.analysis.findings[number]!
    const [first] = run.placesOf(finding.spanIds)
    await page.locator('.findings > li').nth(number).getByRole('link', { name: /^Show \d+ spans?$/ }).click()
    await expectView(page, 'timeline')
    const banner = page.getByRole('region', { name: 'Finding' })
    await banner.waitFor()
    expect(await banner.textContent()).toContain(finding.title)
    const range = await chart.untilRange(({ from, to }) => to - from < lengthOf(chart.whole) * 0.7)
    expect(range.from).toBeLessThan(run.spans.start[first!]!)
    const spot = await chart.spot(run.name(first!), 0)
    await drawn(page)
    const before = await chart.pixels(spot)
    await banner.getByRole('button').click()
    await banner.waitFor({ state: 'detached' })
    expect(page.url()).not.toContain('finding=')
    const higher = await chart.spot(run.name(first!), 0)
    await expect.poll(() => chart.pixels(higher)).not.toBe(before)
    expect(await chart.range()).toEqual(range)
  })

  describe('on a phone', () => {
    test('a tap opens, a finger moves along, two fingers zoom, and the page still scrolls', async () => {
      const { page, chart } = await open(desk, { width: 390, hash: '#/timeline?from=200&to=800' })
      await expectNoSidewaysScrolling(page)
      const cdp = await page.context().newCDPSession(page)
      await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 })
      const touch = async (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: readonly { x: number; y: number }[]): Promise<void> => {
        await cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(({ x, y }, id) => ({ x, y, id })) })
      }
      const { x, y } = await chart.spot('orders')
      await touch('touchStart', { x, y })
      await touch('touchEnd')
      await expect.poll(() => drawerTitle(page)).toBe('orders')
      await page.locator('.drawer').getByRole('button', { name: 'Close' }).click()
      await expectNoDrawer(page)

      const place = await chart.spot('orders')
      await touch('touchStart', place)
      for (let dx = 10; dx <= 80; dx += 10) await touch('touchMove', { x: place.x - dx, y: place.y })
      await touch('touchEnd')
      const moved = await chart.untilRange(({ from }) => from > 250 * MS)
      expect(lengthOf(moved)).toBeCloseTo(600 * MS, -4)

      await touch('touchStart', { x: 160, y: place.y }, { x: 220, y: place.y })
      for (let d = 10; d <= 90; d += 10) await touch('touchMove', { x: 160 - d, y: place.y }, { x: 220 + d, y: place.y })
      await touch('touchEnd')
      await chart.untilRange((range) => lengthOf(range) < lengthOf(moved) / 2)
      expect(await page.locator('.drawer').count()).toBe(0)

      await page.setViewportSize({ width: 390, height: 500 })
      await chart.canvas.evaluate((canvas) => scrollTo(0, canvas.getBoundingClientRect().top - 200))
      const { top, range, x: finger, y: onBar } = { top: await page.evaluate(() => scrollY), range: await chart.range(), ...await chart.spot('orders') }
      await touch('touchStart', { x: finger, y: onBar })
      for (let dy = 10; dy <= 120; dy += 10) await touch('touchMove', { x: finger, y: onBar + dy })
      await touch('touchEnd')
      await expect.poll(() => page.evaluate(() => scrollY)).toBeLessThan(top)
      expect(await chart.range()).toEqual(range)
    })
  })
})
