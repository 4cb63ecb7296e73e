import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { htmlReport } from 'spanwise/html'
import { analyze } from '../../src/analyze/index.ts'
import { analyzeWithReplay } from '../../src/analyze/replay.ts'
import { WhatIf, type Question } from '../../src/analyze/what-if.ts'
import type { Trace } from '../../src/model/span.ts'
import { formatDuration, msToNs } from '../../src/model/units.ts'
import { around, type Range } from '../../viewer/ui/canvas/range.ts'
import { boundsOf, stretchOf } from '../../viewer/ui/timeline/bounds.ts'
import { draw } from '../draw.ts'
import { drawn, inBrowser, WIDTHS, type BrowserDesk, type Looking } from '../support/browser.ts'
import { runModel } from '../support/run-model.ts'
import { Chart, drawerTitle, expectNoDrawer, said } from './chart.ts'
import { demoTrace, expectNoSidewaysScrolling, expectView } from './pages.ts'

/** Three findings that save time; two of them make spans shorter, one lets tools run together. */
const trace = draw(`
  agent 0-2000
    plan 0-300 llm model=gpt-5-mini in=1200 out=80 asks=search#c1,orders#c2,weather#c3 attempts=0-20:429,120-300:200 parts=system:400,user:80 answer=120
    search 310-500 tool call=c1 by=plan args=a result=r
    orders 510-700 tool call=c2 by=plan args=b result=s
    weather 710-760 tool call=c3 by=plan args=c result=u
    ask 770-1100 llm model=gpt-5-mini in=1500 out=90 repeats=plan carries=c1,c2,c3 asks=search#c4 parts=user:30 answer=50 attempts=770-790:500,900-1100:200
    search 1110-1300 tool call=c4 by=ask args=a result=r
    sum 1310-1700 llm model=gpt-5-mini in=1700 out=90 repeats=ask carries=c4 answer=200
    left 1710-1800 tool
    right 1710-1950 tool
    late 1960-2100 tool
`)
const run = runModel(trace)
const { analysis, replay } = analyzeWithReplay(trace)
const numberOf = (code: string): number => analysis.findings.findIndex((finding) => finding.code === code)

async function open(desk: BrowserDesk, looking: Looking = {}, of: Trace = trace): Promise<Page> {
  const page = await desk.openFile(htmlReport(of), { hash: '#/what-if', ...looking })
  await expectView(page, 'what-if')
  return page
}

const result = (page: Page): Locator => page.getByRole('region', { name: 'The run as it would be' })
const duration = (page: Page): Promise<string> => result(page).locator('strong').innerText()
const box = (page: Page, number: number): Locator => page.getByRole('checkbox').nth(number)
const limit = (page: Page): Locator => page.getByRole('slider')

async function choose(page: Page, schedule: string): Promise<void> {
  await page.getByRole('radio', { name: schedule }).click()
  await page.getByRole('radio', { name: schedule, checked: true }).waitFor()
}

/** Seconds of a text such as `1.76 s` or `890 ms`. */
function seconds(text: string): number {
  const [, amount, unit] = /^([\d.]+) (s|ms)$/.exec(text)!
  return Number(amount) / (unit === 's' ? 1 : 1_000)
}

inBrowser('what if', (desk) => {
  test.each([['a drawn run', trace], ['the demo', demoTrace]] as const)('schedules, and each finding alone at its best, save what the analysis says: %s', async (_, of) => {
    const { schedules, totals, findings } = analyze(of)
    const page = await open(desk, {}, of)
    for (const [name, ns] of [['Proven', schedules.proven.durationNs], ['Possible', schedules.possible.durationNs], ['As it was', totals.durationNs]] as const) {
      await choose(page, name)
      await expect.poll(() => duration(page)).toBe(formatDuration(ns))
      expect(await page.getByRole('region', { name: 'As it would be' }).locator('.card-head .number').innerText()).toBe(formatDuration(ns))
    }
    expect(await result(page).innerText()).toContain('Exactly as long as it was.')
    const savings = findings.flatMap(({ saving: { timeNs } }) => (timeNs === undefined ? [] : [typeof timeNs === 'number' ? timeNs : timeNs.high]))
    expect(savings.length).toBe(await page.getByRole('checkbox').count())
    expect(savings.length).toBeGreaterThan(1)
    for (const [i, ns] of savings.entries()) {
      await box(page, i).check()
      await expect.poll(() => duration(page)).toBe(formatDuration(totals.durationNs - ns))
      expect(await result(page).innerText()).toContain(`${formatDuration(ns)} less`)
      await box(page, i).uncheck()
      await expect.poll(() => duration(page)).toBe(formatDuration(totals.durationNs))
    }
  })

  test('findings together, and with a schedule, never take longer than one of them', async () => {
    const page = await open(desk)
    for (const schedule of ['As it was', 'Proven', 'Possible']) {
      await choose(page, schedule)
      let before = seconds(await duration(page))
      for (let i = 0; i < analysis.findings.length; i++) {
        await box(page, i).check()
        await expect.poll(() => page.url()).toContain(`with=${Array.from({ length: i + 1 }, (_, at) => at).join('%2C')}`)
        const now = seconds(await duration(page))
        expect(now).toBeLessThanOrEqual(before)
        before = now
      }
      for (let i = 0; i < analysis.findings.length; i++) await box(page, i).uncheck()
      await expect.poll(() => page.url()).toMatch(/with=(&|$)/)
    }
  })

  describe('the limit', () => {
    test('of one at once never takes less; each takes what the curve shows', async () => {
      const page = await open(desk)
      await choose(page, 'Possible')
      const unlimited = seconds(await duration(page))
      const curve = page.locator('.what-if-curve svg')
      await curve.waitFor()
      const most = Number(await limit(page).getAttribute('max'))
      for (let at = most - 1; at >= 1; at--) {
        await limit(page).press('ArrowLeft')
        await expect.poll(() => page.locator('.what-if-limit output').innerText()).toBe(`${at} at once`)
        expect(await limit(page).getAttribute('aria-valuetext')).toBe(`${at} at once`)
        expect(await curve.getAttribute('aria-label')).toContain(`${at}: ${await duration(page)}`)
        // Nor does it take away the larger ones.
        expect(await limit(page).getAttribute('max')).toBe(String(most))
        if (at === 1) expect(seconds(await duration(page))).toBeGreaterThan(unlimited)
      }
      // What ran side by side has to wait as well.
      await choose(page, 'As it was')
      await expect.poll(() => result(page).innerText()).toContain('more (4.5 %): the limit makes what ran together wait.')
      await limit(page).press('End')
      await expect.poll(() => page.locator('.what-if-limit output').innerText()).toBe('no limit')
      expect(page.url()).not.toContain('limit=')
      expect(await result(page).innerText()).toContain('Exactly as long as it was.')
    })

    test('is chosen by a point of the curve', async () => {
      const page = await open(desk)
      await choose(page, 'Possible')
      const points = page.locator('.what-if-curve circle')
      await points.first().waitFor()
      for (const at of [1, 2]) {
        const point = (await page.locator('.what-if-curve circle:not(.hit)').nth(at - 1).boundingBox())!
        await page.mouse.click(point.x + point.width / 2, point.y + point.height / 2 + 5)
        await expect.poll(() => page.locator('.what-if-limit output').innerText()).toBe(`${at} at once`)
        expect(await limit(page).inputValue()).toBe(String(at))
      }
    })
  })

  test('the address brings all of it back', async () => {
    const page = await open(desk)
    await choose(page, 'Possible')
    await box(page, 1).check()
    await box(page, 0).check()
    await limit(page).fill('2')
    await expect.poll(() => page.url()).toContain('limit=2')
    const look = async (): Promise<readonly unknown[]> => [
      page.url(), await duration(page), await page.getByRole('radio', { checked: true }).innerText(), await box(page, 0).isChecked(), await box(page, 1).isChecked(),
      await box(page, 2).isChecked(), await limit(page).inputValue(),
    ]
    const before = await look()
    expect(before.slice(2)).toEqual(['Possible', true, true, false, '2'])
    await page.reload()
    await expectView(page, 'what-if')
    expect(await look()).toEqual(before)
  })

  test('a finding’s link arrives with that finding put right, and with its spans marked', async () => {
    const page = await desk.openFile(htmlReport(trace), { hash: '#/overview' })
    await expectView(page, 'overview')
    const number = numberOf('RETRY001')
    await page.locator('.findings > li').nth(number).getByRole('link', { name: 'See the run without it' }).click()
    await expectView(page, 'what-if')
    expect(await page.getByRole('radio', { checked: true }).innerText()).toBe('As it was')
    expect(await Promise.all(analysis.findings.map((_, i) => box(page, i).isChecked()))).toEqual(analysis.findings.map((_, i) => i === number))
    expect(await duration(page)).toBe('1.75 s')
    await box(page, number).uncheck()
    await expect.poll(() => duration(page)).toBe('2.00 s')
  })

  test('a page that was made of an analysis alone says why it cannot simulate', async () => {
    const page = await desk.openFile(htmlReport(analyze(trace)), { hash: '#/overview' })
    await expectView(page, 'overview')
    expect(await page.getByRole('link', { name: 'See the run without it' }).count()).toBe(0)
    await page.locator('#tab-what-if').click()
    await page.getByText('This page was made of an analysis alone. Made of the run itself, it shows here what the run would have been.').waitFor()
  })

  describe('the two charts', () => {
    const simulation = new WhatIf(run.spans, replay)
    const charts = (page: Page, question: Question): { readonly was: Chart; readonly wouldBe: Chart } => {
      const answer = simulation.simulate(question)
      const end = Math.max(run.endNs, ...answer.end)
      return {
        was: new Chart(page, run, 'The run as it was', { end, isCompact: true }),
        wouldBe: new Chart(page, run, 'The run as it would be', { times: answer, end, isCompact: true }),
      }
    }
    /** Both in view. */
    const openTall = async (browser: BrowserDesk, hash: string, of?: Trace): Promise<Page> => {
      const page = await open(browser, { hash }, of)
      await page.setViewportSize({ width: 1280, height: 1_400 })
      await drawn(page)
      return page
    }
    const tooltip = (page: Page): Promise<string> => page.locator('.tooltip').innerText()
    const pointAt = async (page: Page, chart: Chart, name: string, range?: Range): Promise<string> => {
      const { x, y } = await chart.spot(name, 0.5, range)
      await page.mouse.move(x, y)
      await expect.poll(() => tooltip(page)).toMatch(new RegExp(`^${name}\\s`))
      return await tooltip(page)
    }

    test('share their axis, whichever of them is zoomed', async () => {
      const page = await openTall(desk, '#/what-if')
      const { was, wouldBe } = charts(page, { schedule: 'proven' })
      await pointAt(page, was, 'sum')
      await pointAt(page, wouldBe, 'sum')
      const bounds = boundsOf(run.spans, run.endNs)
      const { x, y } = await was.spot('weather')
      await page.mouse.dblclick(x, y)
      const range = around(stretchOf([was.placeOf('weather')], run.spans), bounds)
      // In the other one, something else ran then.
      const there = Array.from({ length: run.count }, (_, i) => i).find((i) => run.category(i) === 'llm' && wouldBeAt(i, (range.from + range.to) / 2))!
      const spot = { x: (await was.spot('weather', 0.5, range)).x, y: (await wouldBe.spot(run.name(there), 0.5, range)).y }
      await page.mouse.move(spot.x, spot.y)
      await expect.poll(() => tooltip(page)).toMatch(new RegExp(`^${run.name(there)}\\s`))
      await page.keyboard.press('Escape')
      // Zoomed out in the second, both are whole again.
      await wouldBe.canvas.focus()
      await page.keyboard.press('0')
      await pointAt(page, was, 'left')
      await pointAt(page, wouldBe, 'left')

      function wouldBeAt(i: number, time: number): boolean {
        const { start, end } = simulation.simulate({ schedule: 'proven' })
        return start[i]! < time && end[i]! > time
      }
    })

    test('say when a span was, and how long, and mark what a finding made shorter', async () => {
      const page = await openTall(desk, `#/what-if?with=${numberOf('RETRY001')}`)
      const { was, wouldBe } = charts(page, { change: replay.changes[numberOf('RETRY001')]! })
      expect(await pointAt(page, was, 'ask')).toMatch(/Duration\s+330 ms\s+Starts at\s+770 ms/)
      expect(await pointAt(page, wouldBe, 'ask')).toMatch(/Duration\s+200 ms, was 330 ms\s+Starts at\s+650 ms, was 770 ms/)
      expect(await pointAt(page, wouldBe, 'orders')).toMatch(/Duration\s+190 ms\s+Starts at\s+390 ms, was 510 ms/)
      await page.getByText('made shorter by a finding').waitFor()
      // The end of it is cut off, and the line along the edges is not drawn for what stays where it was.
      await page.mouse.move(5, 5)
      const end = await wouldBe.spot('plan', 1)
      const marked = await wouldBe.pixels({ x: end.x - 2, y: end.y }, 1)
      const edge = await wouldBe.spot('sum')
      expect(await wouldBe.pixels({ x: edge.x, y: edge.y - 8 }, 1)).toBe(marked)
      await page.getByRole('checkbox').nth(numberOf('RETRY001')).uncheck()
      await page.getByText('made shorter by a finding').waitFor({ state: 'detached' })
      await expect.poll(() => wouldBe.pixels({ x: edge.x, y: edge.y - 8 }, 1)).not.toBe(marked)
    })

    test('go by keys, each its own way; a span that is opened in one is selected in both', async () => {
      const page = await openTall(desk, `#/what-if?with=${numberOf('RETRY001')}`)
      const { was, wouldBe } = charts(page, { change: replay.changes[numberOf('RETRY001')]! })
      await page.keyboard.press('Tab')
      await wouldBe.canvas.focus()
      await page.keyboard.press('ArrowDown')
      await expect.poll(() => said(page, 1)).toBe('plan, llm, 180 ms, was 300 ms, from 0 ns, no children, ok.')
      await page.keyboard.press('ArrowRight')
      await expect.poll(() => said(page, 1)).toBe('search, tool, 190 ms, from 190 ms, was 310 ms, no children, ok.')
      expect(await said(page, 0)).toBe('')
      await page.keyboard.press('Enter')
      await expect.poll(() => drawerTitle(page)).toBe('search')
      await page.keyboard.press('Escape')
      await expectNoDrawer(page)
      await was.canvas.focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('End')
      await expect.poll(() => said(page, 0)).toMatch(/^late, tool, 140 ms, self 140 ms, from 1\.96 s, .*ended after its parent\.$/)
      await was.click('left')
      await expect.poll(() => drawerTitle(page)).toBe('left')
    })

    test('late work is what the analysis calls so: of a clock that is a little ahead, nothing is', async () => {
      const drawing = draw('agent 0-1000\n  step 0-500\n    tool 100-500 tool\n  rest 500-1000')
      const ahead = { ...drawing, spans: drawing.spans.map((span) => (span.name === 'tool' ? { ...span, end: msToNs(500) + 1_000 } : span)) }
      expect(analyze(ahead).spans.filter(({ late }) => late === true)).toEqual([])
      const page = await openTall(desk, '#/what-if?with=', ahead)
      const chart = (label: string): Chart => new Chart(page, runModel(ahead), label, { isCompact: true })
      const [was, wouldBe] = [chart('The run as it was'), chart('The run as it would be')]
      expect(await wouldBe.pixels(await wouldBe.spot('tool', 0.8))).toBe(await was.pixels(await was.spot('tool', 0.8)))
    })
  })

  test('nothing makes the page scroll sideways', async () => {
    const page = await open(desk, { hash: '#/what-if?with=0,1,2' })
    await page.locator('.what-if-curve svg').waitFor()
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 })
      await drawn(page)
      await expectNoSidewaysScrolling(page)
    }
  })
})
