import { expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { htmlReport } from 'spanwise/html'
import { analyze } from '../../src/analyze/index.ts'
import type { Resources, Span, Trace } from '../../src/model/span.ts'
import { draw, idOf } from '../draw.ts'
import { drawn, expectNoAxeViolations, inBrowser } from '../support/browser.ts'
import { CLAUDE, recordedTurns, traceOf } from '../support/cached-conversation.ts'
import { expectNoSidewaysScrolling, expectView, openView, queryOf, viewInAddress } from './pages.ts'
import { expectUntouched } from './untouched.ts'

const plain = draw(`
  agent 0-1000
    plan 0-600 internal
      gpt 10-110 model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=1200 cached=300 out=80 reasoning=20 first=50 last=100 attempts=10-20:429,30-110:200 finish=tool_calls max=500 parts=tool-definition:400,system:5000,user:80 answer=120 asks=search#c1,orders#c2
      search 120-200 call=c1 by=gpt args=a result=b
      orders 200-260 call=c2 by=gpt failed=ToolError:the_shop_is_closed
      gpt 270-390 model=gpt-5-mini in=1500 cached=1100 out=60 repeats=gpt carries=c1,c2 answer=90 finish=stop
    log 610-1100 internal http.route=/log http.tries=3
    check 620-630 internal
    wait 640- internal
`)
const place = (name: string, trace: Trace = plain): number => trace.spans.findIndex(({ id }) => id === idOf(trace, name))

const RESOURCES: Resources = { cpuUserNs: 12e6, cpuSystemNs: 3e6, rssStartBytes: 50e6, rssEndBytes: 61.5e6, heapStartBytes: 20e6, heapEndBytes: 22e6, eventLoopDelayMaxNs: 9e6, eventLoopDelayMeanNs: 1e6 }
const MARKUP = '<img id="planted" src="https://example.com/x" onerror="window.__pwned = 1"><script>window.__pwned = 1</script>'
const LONG = JSON.stringify({ rows: Array.from({ length: 300 }, (_, i) => ({ id: i, title: `row ${i} ${MARKUP}` })) })
const LAST_OF_LONG = '"id": 299'

/** As a profiler with `content: 'full'` would have recorded it. */
const full: Trace = {
  ...plain,
  parts: plain.parts.map((part) => ({ ...part, text: `${part.kind} says ${MARKUP}` })),
  spans: plain.spans.map((span): Span => ({
    ...span,
    ...(span.llm?.toolCalls !== undefined && { llm: { ...span.llm, toolCalls: span.llm.toolCalls.map((call) => ({ ...call, arguments: `{"query":"${call.name} of it"}` })) } }),
    ...(span.tool !== undefined && { tool: { ...span.tool, arguments: `{"query":"${span.name} of it"}`, ...(span.name === 'search' && { result: LONG }) } }),
    ...(span.name === 'log' && { resources: RESOURCES }),
  })),
}
const [plainHtml, fullHtml] = [htmlReport(plain), htmlReport(full)]

const drawer = (page: Page): Locator => page.locator('.drawer')
const section = (page: Page, name: string | RegExp): Locator => drawer(page).getByRole('region', { name, exact: true })
const titleOf = (page: Page): Promise<string | null> => drawer(page).locator('#drawer-title').textContent()
const expectTitle = async (page: Page, title: string): Promise<void> => { await expect.poll(() => titleOf(page)).toBe(title) }
const focused = (page: Page): Promise<string | undefined> => page.evaluate(() => {
  const { activeElement } = document
  return activeElement === null ? undefined : activeElement.id !== '' ? `#${activeElement.id}` : activeElement === document.body ? 'body' : activeElement.getAttribute('aria-label') ?? activeElement.textContent ?? ''
})
const expectFocus = async (page: Page, what: string | RegExp): Promise<void> => { await expect.poll(() => focused(page)).toMatch(what) }
const sectionsOf = (page: Page): Promise<string[]> => drawer(page).locator('h3').allTextContents()
/** `Start: 10.0 ms after the run began` */
const factsOf = (box: Locator): Promise<string[]> => box.locator('dl > div').evaluateAll((rows) => rows.map((row) => `${row.querySelector('dt')!.textContent}: ${row.querySelector('dd')!.textContent}`))
const rowsOf = (box: Locator): Promise<string[]> => box.locator('tr').evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent!.trim()).filter((text) => text !== '').join(' | ')))

inBrowser('the details of a span', (desk) => {
  const open = async (name: string, html = plainHtml, view = 'guide/privacy'): Promise<Page> => {
    const page = await desk.openFile(html, { hash: `#/${view}?span=${place(name)}` })
    await drawer(page).waitFor()
    return page
  }

  test('of a call say who answered, its tokens, its times, its attempts, and whom it asked', async () => {
    const page = await open('gpt')
    expect(await drawer(page).locator('.drawer-head .chip').allTextContents()).toEqual(['call 1'])
    expect(await sectionsOf(page)).toEqual(['Call of a model', 'Where its time went', '2 attempts', 'Request', 'Answer', 'Tools asked for', 'Findings', 'Dependencies'])
    expect((await factsOf(drawer(page))).slice(0, 4)).toEqual(['Start: 10.0 ms after the run began', 'Duration: 100 ms', expect.stringMatching(/^Critical path: 100 ms, 10 % of the run$/), 'Slack: none: the run waits for it'])
    const call = section(page, 'Call of a model')
    expect(await factsOf(call)).toEqual([
      'Model: gpt-5-mini-2025-08-07asked for as gpt-5-mini', 'Provider: openai, chat.completions', 'Finished with: tool_calls', expect.stringMatching(/^Cost: \$0\.000/), 'Output limit: 500 tokens',
    ])
    expect(await rowsOf(call)).toEqual(['Input | 1,200', 'read from the cache | 25 % | 300', 'written to the cache | 0 % | 0', 'not cached | 75 % | 900', 'Output | 80', 'reasoning | 20', 'visible | 60'])
    const time = section(page, 'Where its time went')
    expect((await rowsOf(time)).length).toBeGreaterThan(2)
    expect(await factsOf(time)).toEqual(['First token: 40.0 ms after the call began', 'Decode: 50.0 ms, 1,600 tokens/s'])
    expect(await rowsOf(section(page, '2 attempts'))).toEqual(['Status | Start | Took | Wait after', '429 | 10.0 ms | 10.0 ms | 10.0 ms', '200 | 30.0 ms | 80.0 ms | –'])
    expect(await section(page, 'Request').getByRole('listitem').allTextContents()).toEqual([expect.stringMatching(/^ tool definition.* 400 chars$/), expect.stringMatching(/^ system.* 5,000 chars$/), expect.stringMatching(/^ user.* 80 chars$/)])
    await section(page, 'Tools asked for').getByRole('listitem').filter({ hasText: 'orders' }).getByRole('button', { name: 'Show its run' }).click()
    await expectTitle(page, 'orders')
  })

  test('whose texts were not recorded say how to record them', async () => {
    const page = await open('gpt')
    expect(await drawer(page).getByText(/^Texts of prompts, answers and tools were not recorded in this run, only their sizes\. content: 'full' in the profiler's options records them\.$/).count()).toBe(1)
    expect(await drawer(page).locator('pre, details').count()).toBe(0)
    await drawer(page).getByRole('button', { name: 'Span after: search' }).click()
    await expectTitle(page, 'search')
    expect(await drawer(page).getByText('were not recorded in this run').count()).toBe(1)
  })

  test('of a call with texts open part by part, as text and nothing else', async () => {
    const page = await open('gpt', fullHtml)
    expect(await drawer(page).getByText('were not recorded').count()).toBe(0)
    const parts = section(page, 'Request').locator('details')
    expect(await parts.count()).toBe(3)
    expect(await drawer(page).getByRole('region', { name: 'Request, part 2: system' }).count()).toBe(0)
    await parts.nth(1).locator('summary').click()
    const text = drawer(page).getByRole('region', { name: 'Request, part 2: system' })
    expect(await text.textContent()).toBe(`system says ${MARKUP}`)
    await parts.nth(1).locator('summary').press('Enter')
    await text.waitFor({ state: 'detached' })
    await section(page, 'Answer').locator('summary').click()
    expect(await section(page, 'Answer').locator('pre').textContent()).toBe(`assistant says ${MARKUP}`)
    expect(await section(page, 'Tools asked for').locator('pre').allTextContents()).toEqual(['search', 'orders'].map((name) => `{\n  "query": "${name} of it"\n}`))
    expect(await page.locator('#planted').count()).toBe(0)
    await expectUntouched(page)
    await expectNoAxeViolations(page, ['light'])
  })

  test('of a tool show what it was given and gave; a long text is cut until somebody asks', async () => {
    const page = await open('search', fullHtml)
    const tool = section(page, 'Tool')
    expect(await factsOf(tool)).toEqual(['Asked for by: gpt, call 1', 'Call id: c1'])
    expect(await tool.getByRole('region', { name: 'Arguments' }).textContent()).toBe('{\n  "query": "search of it"\n}')
    const result = tool.getByRole('region', { name: 'Result' })
    expect((await result.textContent())!.length).toBeLessThan(1_600)
    expect(await result.textContent()).toMatch(/…$/)
    const whole = JSON.stringify(JSON.parse(LONG), undefined, 2)
    await tool.getByRole('button', { name: `Show all ${whole.length.toLocaleString('en')} characters` }).click()
    await expect.poll(() => result.textContent()).toBe(whole)
    expect(whole).toContain(LAST_OF_LONG)
    await expectUntouched(page)
    await tool.getByRole('button', { name: 'Show less' }).press('Enter')
    await expect.poll(async () => (await result.textContent())!.length).toBeLessThan(1_600)
    await tool.getByRole('button', { name: 'gpt' }).click()
    await expectTitle(page, 'gpt')
  })

  test('of one span leave those of the next closed', async () => {
    const page = await open('gpt', fullHtml)
    await section(page, 'Request').locator('summary').first().click()
    await section(page, 'Request').locator('pre').waitFor()
    await page.evaluate((to) => { location.hash = `#/guide/privacy?span=${to}` }, place('gpt#2'))
    await drawer(page).getByText('call 2', { exact: true }).waitFor()
    expect(await section(page, 'Request').locator('pre, details[open]').count()).toBe(0)
  })

  test('that failed, came late, or never ended say so', async () => {
    const page = await open('orders')
    expect(await drawer(page).locator('.drawer-head .chip').allTextContents()).toEqual(['failed'])
    expect(await drawer(page).locator('.drawer-failure').textContent()).toBe('ToolError: the shop is closed')
    await page.evaluate((to) => { location.hash = `#/guide/privacy?span=${to}` }, place('log'))
    await expectTitle(page, 'log')
    expect(await drawer(page).locator('.drawer-head .chip').allTextContents()).toEqual(['late'])
    expect(await factsOf(drawer(page))).toContain('Slack: ended after its parent: nobody waited for it')
    await page.evaluate((to) => { location.hash = `#/guide/privacy?span=${to}` }, place('wait'))
    await expectTitle(page, 'wait')
    expect((await drawer(page).locator('.drawer-head .chip').allTextContents())[0]).toBe('not ended')
    expect((await factsOf(drawer(page))).find((text) => text.startsWith('Duration'))).toMatch(/ when the recording ended$/)
  })

  test('with attributes and readings of the process show them', async () => {
    const page = await open('log', fullHtml)
    expect(await factsOf(section(page, 'Attributes'))).toEqual(['http.route: /log', 'http.tries: 3'])
    expect(await factsOf(section(page, 'Process meanwhile'))).toEqual(['CPU: 12.0 ms user, 3.00 ms system', 'Memory: 50.0 MB → 61.5 MB', 'Heap: 20.0 MB → 22.0 MB', 'Event loop: up to 9.00 ms late, 1.00 ms on average'])
  })

  test('lead to parents, neighbours, children and whom it depends on', async () => {
    const page = await open('search')
    await drawer(page).getByRole('navigation', { name: 'Parents' }).getByRole('button', { name: 'plan' }).click()
    await expectTitle(page, 'plan')
    expect(await section(page, 'Children').locator('li').allTextContents()).toEqual([' gpt ×2, this the longest220 ms', ' search80.0 ms', ' orders 1 failed60.0 ms'])
    await section(page, 'Children').getByRole('button', { name: 'search' }).click()
    await expectTitle(page, 'search')
    const needed = section(page, 'Dependencies').locator('.relations').filter({ hasText: 'Needed' }).first()
    expect(await needed.textContent()).toContain('its answer asked for this')
    await needed.getByRole('button', { name: 'gpt' }).click()
    await expectTitle(page, 'gpt')
    expect(queryOf(page)).toBe(`span=${place('gpt')}`)

    expect(await drawer(page).getByRole('button', { name: 'Span before' }).isDisabled()).toBe(true)
    for (const [name, title] of [['search', 'search'], ['orders', 'orders'], ['gpt', 'gpt']] as const) {
      await drawer(page).getByRole('button', { name: `Span after: ${name}` }).click()
      await expectTitle(page, title)
    }
    expect(await drawer(page).getByRole('button', { name: 'Span after' }).isDisabled()).toBe(true)
    await drawer(page).getByRole('button', { name: 'Span before: orders' }).click()
    await expectTitle(page, 'orders')
  })

  test('are gone through with the keyboard: a neighbour’s button keeps the focus, a link leads to the new title', async () => {
    const page = await open('gpt')
    await drawer(page).getByRole('button', { name: 'Span after: search' }).focus()
    await page.keyboard.press('Enter')
    await expectTitle(page, 'search')
    await page.keyboard.press('Enter')
    await expectTitle(page, 'orders')
    await page.keyboard.press('Enter')
    await expectTitle(page, 'gpt')
    // There is no next one: its button cannot hold the focus.
    await expectFocus(page, '#drawer-title')
    await drawer(page).getByRole('navigation', { name: 'Parents' }).getByRole('button', { name: 'plan' }).press('Enter')
    await expectTitle(page, 'plan')
    await expectFocus(page, '#drawer-title')
  })

  test('name the findings, which lead to their page and their spans', async () => {
    const page = await open('search')
    const findings = section(page, 'Findings')
    const item = findings.getByRole('listitem').filter({ hasText: 'PAR001' })
    expect(await item.textContent()).toMatch(/^PAR001 .*together.* Saves .*\. Show$/)
    await item.getByRole('link', { name: 'Show' }).click()
    await expectView(page, 'timeline')
    expect(queryOf(page)).toBe(`finding=0 span=${place('search')}`)
    await section(page, 'Findings').getByRole('link', { name: 'PAR001' }).click()
    await expectView(page, 'guide')
    await expect.poll(() => page.locator('.guide article h2').textContent()).toContain('PAR001')
    await expectTitle(page, 'search')
  })

  test('link to the views that show it', async () => {
    const page = await open('gpt')
    for (const [name, view] of [['Timeline', 'timeline'], ['Flame graph', 'flame'], ['Context', 'context']] as const) {
      await drawer(page).locator('.drawer-views').getByRole('link', { name, exact: true }).click()
      await expectView(page, view)
      await expectTitle(page, 'gpt')
    }
    await page.evaluate((to) => { location.hash = `#/timeline?span=${to}` }, place('search'))
    await expectTitle(page, 'search')
    expect(await drawer(page).locator('.drawer-views').getByRole('link').allTextContents()).toEqual(['Timeline', 'Flame graph'])
  })

  test('close with Escape and the button, wherever the focus is, but not from a field', async () => {
    const page = await open('search', plainHtml, 'calls')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    expect(queryOf(page)).toBe('')
    await page.locator('.row-button').first().click()
    await drawer(page).getByRole('button', { name: 'Close' }).click()
    await drawer(page).waitFor({ state: 'detached' })
    await expectFocus(page, 'Call 1, open')
    await page.locator('.row-button').first().click()
    await page.getByRole('searchbox', { name: 'Filter calls' }).press('Escape')
    await drawn(page)
    expect(await drawer(page).count()).toBe(1)
  })

  test('that was opened from somewhere gives the focus back, however far one went on', async () => {
    const page = await desk.openFile(plainHtml, { hash: '#/calls' })
    await page.locator('.row-button').nth(1).focus()
    await page.keyboard.press('Enter')
    await expectFocus(page, '#drawer-title')
    await drawer(page).getByRole('navigation', { name: 'Parents' }).getByRole('button', { name: 'plan' }).click()
    await expectTitle(page, 'plan')
    // What was clicked is gone with the span that it belonged to.
    await section(page, 'Children').getByRole('button', { name: 'search' }).click()
    await expectTitle(page, 'search')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    await expectFocus(page, 'Call 2, open')
  })

  test('give the focus to the table when their row has been scrolled out of it', async () => {
    const page = await desk.openFile(htmlReport(draw(`agent 0-4000\n${Array.from({ length: 400 }, (_, i) => `  gpt ${i * 10}-${i * 10 + 5} model=gpt-5-mini in=10 out=1`).join('\n')}`)), { hash: '#/calls' })
    await page.locator('.row-button').nth(2).focus()
    await page.keyboard.press('Enter')
    await expectFocus(page, '#drawer-title')
    await page.locator('.table-box.windowed').evaluate((box) => { box.scrollTop = box.scrollHeight })
    await page.getByRole('button', { name: 'Call 3, open' }).waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    await page.keyboard.press('ArrowDown')
    await expectFocus(page, 'Call 4, open')
  })

  test('stay when Escape closes what lies above them', async () => {
    const page = await open('gpt')
    await drawer(page).getByRole('button', { name: 'Span after: search' }).focus()
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog', { name: 'Keyboard' })
    await dialog.waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(await drawer(page).count()).toBe(1)
    await expectFocus(page, 'Span after: search')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
  })

  test('of a long request show its beginning and its newest parts, the others on demand', async () => {
    const turns = recordedTurns('claude-sonnet-4-5-20250929')
    const page = await desk.openFile(htmlReport(traceOf(turns, CLAUDE)), { hash: `#/context?span=${turns.length}` })
    const request = section(page, 'Request')
    const count = turns.at(-1)!.request.length
    expect(await request.locator('.drawer-section-head').textContent()).toBe(`Request${count} parts`)
    expect(await request.getByRole('listitem').count()).toBe(24)
    await request.getByRole('button', { name: new RegExp(`^Show ${count - 24} more in between, ~[\\d,]+ tokens$`) }).press('Enter')
    await expect.poll(() => request.getByRole('listitem').count()).toBe(count)
    await expectFocus(page, `Show ${count - 24} fewer`)
    await request.locator('summary').last().click()
    expect(await request.locator('pre').textContent()).not.toBe('')
    await request.getByRole('button', { name: `Show ${count - 24} fewer` }).click()
    await expect.poll(() => request.getByRole('listitem').count()).toBe(24)
    // The newest one is still open.
    expect(await request.locator('pre').count()).toBe(1)
  })

  test.each(['timeline', 'flame', 'what-if', 'context', 'calls'])('open with Enter in %s, and Escape leads back there', async (view) => {
    const page = await desk.openFile(plainHtml, { hash: `#/${view}` })
    const opener = view === 'calls' ? page.locator('.row-button').first() : page.locator('#panel canvas[tabindex="0"]').last()
    await opener.focus()
    const before = await focused(page)
    for (const key of view === 'calls' ? [] : ['ArrowDown', 'ArrowRight']) await page.keyboard.press(key)
    // The flame graph zooms first.
    await expect.poll(async () => {
      if (await drawer(page).count() === 0) await page.keyboard.press('Enter')
      await drawn(page)
      return await drawer(page).count()
    }).toBe(1)
    await expectFocus(page, '#drawer-title')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })
    expect(await focused(page)).toBe(before)
  })

  test('of every span open, also where only the analysis is known', async () => {
    const page = await desk.openFile(htmlReport(analyze(plain)), { hash: '#/overview?span=0' })
    for (const [i, { name }] of plain.spans.entries()) {
      await page.evaluate((to) => { location.hash = `#/overview?span=${to}` }, i)
      await expectTitle(page, name)
    }
    await expectNoAxeViolations(page, ['light'])
  })
})

inBrowser('the details on a phone', (desk) => {
  test('are a sheet over the page, which leaves what was pressed to be seen', async () => {
    const page = await desk.openFile(fullHtml, { hash: '#/calls', width: 390 })
    const button = page.locator('.row-button').nth(1)
    await button.click()
    await drawer(page).getByText('call 2', { exact: true }).waitFor()
    const sheet = (await drawer(page).boundingBox())!
    expect([sheet.x, sheet.width, Math.round(sheet.y + sheet.height)]).toEqual([0, 390, 900])
    expect(sheet.y).toBeGreaterThan(200)
    const pressed = (await button.boundingBox())!
    expect(pressed.y + pressed.height).toBeLessThanOrEqual(sheet.y)
    expect(pressed.y).toBeGreaterThanOrEqual(0)
    await expectNoSidewaysScrolling(page)
    expect(await drawer(page).evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true)
    await drawer(page).locator('summary').first().click()
    await drawer(page).evaluate((element) => { element.scrollTop = element.scrollHeight })
    await drawn(page)
    // The button to close it stays in reach.
    await drawer(page).getByRole('button', { name: 'Close' }).click()
    await drawer(page).waitFor({ state: 'detached' })
  })

  test('scroll on their own, and begin at their top for each span', async () => {
    const page = await desk.openFile(fullHtml, { hash: `#/overview?span=${place('gpt')}`, width: 390 })
    await drawer(page).evaluate((element) => { element.scrollTop = element.scrollHeight })
    await drawer(page).getByRole('button', { name: 'Span after: search' }).click()
    await expectTitle(page, 'search')
    expect(await drawer(page).evaluate((element) => element.scrollTop)).toBe(0)
    await openView(page, 'timeline')
    await expectTitle(page, 'search')
    expect(viewInAddress(page)).toBe('timeline')
  })
})
