import { expect, test } from 'vitest'
import type { Locator, Page } from 'playwright-core'
import { htmlReport } from 'spanwise/html'
import { draw } from '../draw.ts'
import { drawn, expectNoAxeViolations, inBrowser } from '../support/browser.ts'
import { expectNoSidewaysScrolling, openView, queryOf } from './pages.ts'

const few = htmlReport(draw(`
  agent 0-1000
    gpt 10-110 model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=1200 cached=300 out=80 first=40 last=100 finish=stop
    claude 120-420 model=claude-haiku-4-5 provider=anthropic in=5000 out=10 attempts=120-130:429,200-420:200 finish=length
    gpt 430-450 model=gpt-5-mini failed=RateLimitError:slow
    own 460-660 model=house-model in=90 out=8 first=640 last=650 finish=tool_calls
    gpt 700-760 model=gpt-5-mini in=2000 out=500 first=705 last=755 finish=stop
`))

const COUNT = 1_200
const many = htmlReport(draw([`agent 0-${COUNT * 10}`, ...Array.from({ length: COUNT }, (_, i) =>
  `  gpt ${i * 10}-${i * 10 + 5} model=${i % 2 === 0 ? 'gpt-5-mini' : 'gpt-5'} in=${1_000 + i} out=${(i * 7) % 100 + 1}${i % 100 === 50 ? ' failed=Timeout:late' : ''}`)].join('\n')))

const table = (page: Page): Locator => page.getByRole('table', { name: 'Calls of models' })
const buttons = (page: Page): Locator => table(page).locator('.row-button')
const numbers = async (page: Page): Promise<number[]> => (await buttons(page).allTextContents()).map((text) => Number(text.replaceAll(',', '')))
const totals = async (page: Page): Promise<string> => (await table(page).locator('tfoot th, tfoot td').allTextContents()).map((text) => text.trim()).filter((text) => text !== '').join(' | ')
const said = (page: Page): Promise<string | null> => page.locator('.calls .card-head [aria-live]').textContent()
const filter = (page: Page): Locator => page.getByRole('searchbox', { name: 'Filter calls' })
const drawer = (page: Page): Locator => page.locator('.drawer')

const expectFocus = async (page: Page, call: string): Promise<void> => {
  await expect.poll(() => page.evaluate(() => document.activeElement?.matches('.row-button') === true ? document.activeElement.textContent : document.activeElement?.outerHTML.slice(0, 80))).toBe(call)
}

/** Numbers of the rows that can be seen whole between the head and the foot of the table. */
async function inSight(page: Page): Promise<number[]> {
  await drawn(page)
  return await page.locator('.table-box.windowed').evaluate((box) => {
    const top = box.querySelector('thead th')!.getBoundingClientRect().bottom
    const bottom = box.querySelector('tfoot th')!.getBoundingClientRect().top
    return [...box.querySelectorAll('.row-button')].filter((button) => {
      const { y, height } = button.getBoundingClientRect()
      return y >= top && y + height <= bottom
    }).map((button) => Number(button.textContent!.replaceAll(',', '')))
  })
}

inBrowser('the table of calls', (desk) => {
  test('sorts by every column, and the other way round', async () => {
    const page = await desk.openFile(few, { hash: '#/calls' })
    const columns: readonly (readonly [title: string, query: string, first: readonly number[], then: readonly number[]])[] = [
      ['Model', 'model', [2, 3, 5, 1, 4], [4, 1, 3, 5, 2]],
      ['Start', 'start', [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]],
      ['Duration', '-duration', [2, 4, 1, 5, 3], [3, 5, 1, 4, 2]],
      ['First token', '-ttft', [4, 1, 5, 2, 3], [5, 1, 4, 2, 3]],
      ['Tokens/s', '-speed', [5, 1, 4, 2, 3], [4, 1, 5, 2, 3]],
      ['Input', '-input', [2, 5, 1, 4, 3], [4, 1, 5, 2, 3]],
      ['Output', '-output', [5, 1, 2, 4, 3], [4, 2, 1, 5, 3]],
      ['Cost', '-cost', [2, 5, 1, 3, 4], [1, 5, 2, 3, 4]],
      ['Attempts', '-attempts', [2, 1, 3, 4, 5], [2, 1, 3, 4, 5]],
      ['Finish', 'finish', [3, 2, 1, 5, 4], [4, 1, 5, 2, 3]],
      ['Gap before', '-gap', [5, 2, 3, 4, 1], [2, 3, 4, 5, 1]],
      ['Call', 'number', [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]],
    ]
    const titles = await table(page).getByRole('columnheader').allTextContents()
    expect(titles.map((title) => title.replace(/[↑↓]/, '')).sort()).toEqual(columns.map(([title]) => title).sort())
    for (const [title, query, first, then] of columns) {
      const head = table(page).getByRole('columnheader', { name: title, exact: true })
      await head.getByRole('button').click()
      await expect.poll(() => queryOf(page)).toBe(`sort=${query}`)
      expect([title, await numbers(page)]).toEqual([title, first])
      const isDescending = query.startsWith('-')
      expect(await head.getAttribute('aria-sort')).toBe(isDescending ? 'descending' : 'ascending')
      await head.getByRole('button').press('Enter')
      await expect.poll(() => queryOf(page)).toBe(`sort=${isDescending ? query.slice(1) : `-${query}`}`)
      expect([title, await numbers(page)]).toEqual([title, then])
      expect(await head.getAttribute('aria-sort')).toBe(isDescending ? 'ascending' : 'descending')
      expect(await table(page).locator('th[aria-sort]').count()).toBe(1)
    }
  })

  test('shows what is filtered by words, a model and trouble, and adds that up', async () => {
    const page = await desk.openFile(few, { hash: '#/calls' })
    expect(await said(page)).toBe('5 calls')
    expect(await totals(page)).toBe('Total | 5 calls | 680 ms | 8,290 4 % cached | 598 | ≥ $0.0069 | +1 | 1 call without price')
    await filter(page).pressSequentially('OPENAI stop')
    await expect.poll(() => numbers(page)).toEqual([1, 5])
    expect(await said(page)).toBe('2 of 5 calls')
    expect(await totals(page)).toMatch(/^Total \| 2 calls \| 160 ms \| 3,200 9 % cached \| 580 \| \$/)
    expect(queryOf(page)).toBe('q=OPENAI stop')
    await filter(page).fill('429')
    await expect.poll(() => numbers(page)).toEqual([2])
    await filter(page).fill('')
    await expect.poll(() => queryOf(page)).toBe('')

    const model = page.getByRole('combobox', { name: 'Model' })
    expect(await model.locator('option').allTextContents()).toEqual(['All models', 'claude-haiku-4-5', 'gpt-5-mini', 'gpt-5-mini-2025-08-07', 'house-model'])
    await model.selectOption('gpt-5-mini')
    await expect.poll(() => numbers(page)).toEqual([3, 5])
    await model.selectOption('')
    await expect.poll(() => numbers(page)).toEqual([1, 2, 3, 4, 5])

    const troubled = page.getByRole('button', { name: 'Failed or retried 2' })
    expect(await troubled.getAttribute('aria-pressed')).toBe('false')
    await troubled.click()
    await expect.poll(() => numbers(page)).toEqual([2, 3])
    expect(await troubled.getAttribute('aria-pressed')).toBe('true')
    expect(await totals(page)).toMatch(/^Total \| 2 calls \| 320 ms \| 5,000 \| 10 \| \$\S+ \| \+1$/)

    await filter(page).fill('nothing of this')
    await page.getByText('No call fits.').waitFor()
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(() => numbers(page)).toEqual([1, 2, 3, 4, 5])
    expect([queryOf(page), await filter(page).inputValue(), await troubled.getAttribute('aria-pressed')]).toEqual(['', '', 'false'])
  })

  test('what is unknown is a dash, and a call that failed has neither tokens nor a price', async () => {
    const page = await desk.openFile(few, { hash: '#/calls' })
    const row = table(page).getByRole('row').filter({ hasText: 'RateLimitError' })
    expect((await row.locator('td').allTextContents()).join(' | ')).toBe('3 | gpt-5-mini | 430 ms | 20.0 ms | – | – | – | – | – | – | RateLimitError | 10.0 ms')
  })

  test('opens a call by click and with Enter, and goes through the rows with keys', async () => {
    const page = await desk.openFile(few, { hash: '#/calls' })
    await table(page).getByRole('cell', { name: 'claude-haiku-4-5' }).click()
    await drawer(page).getByText('call 2', { exact: true }).waitFor()
    expect(await buttons(page).nth(1).getAttribute('aria-current')).toBe('true')
    expect(queryOf(page)).toBe('span=2')
    await page.keyboard.press('Escape')
    await drawer(page).waitFor({ state: 'detached' })

    await buttons(page).nth(1).focus()
    for (const [key, call] of [['ArrowDown', '3'], ['ArrowUp', '2'], ['End', '5'], ['ArrowDown', '5'], ['Home', '1'], ['ArrowUp', '1'], ['PageDown', '5'], ['PageUp', '1'], ['ArrowDown', '2']] as const) {
      await page.keyboard.press(key)
      await expectFocus(page, call)
    }
    expect(await table(page).locator('.row-button[tabindex="0"]').allTextContents()).toEqual(['2'])
    await page.keyboard.press('Enter')
    await drawer(page).getByText('call 2', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await expectFocus(page, '2')
  })

  test('the address brings filter, order and call back', async () => {
    const page = await desk.openFile(few, { hash: '#/calls?q=gpt&sort=-input&troubled=1&model=gpt-5-mini&span=3' })
    await drawer(page).getByText('call 3', { exact: true }).waitFor()
    expect(await numbers(page)).toEqual([3])
    expect([await filter(page).inputValue(), await page.getByRole('combobox', { name: 'Model' }).inputValue()]).toEqual(['gpt', 'gpt-5-mini'])
    await page.getByRole('button', { name: 'Failed or retried' }).click()
    await expect.poll(() => numbers(page)).toEqual([5, 3])
    await page.reload()
    await expect.poll(() => numbers(page)).toEqual([5, 3])
    await openView(page, 'guide')
    await page.goBack()
    await expect.poll(() => numbers(page)).toEqual([5, 3])
    expect(await filter(page).inputValue()).toBe('gpt')
  })

  test('a model of the address that this run does not have can be left', async () => {
    const page = await desk.openFile(few, { hash: '#/calls?model=other&sort=__proto__' })
    await page.getByText('No call fits.').waitFor()
    await page.getByRole('button', { name: 'Show all' }).click()
    await expect.poll(() => numbers(page)).toEqual([1, 2, 3, 4, 5])
  })

  test('a run without calls says so', async () => {
    const page = await desk.openFile(htmlReport(draw('agent 0-100\n  search 5-35 tool')), { hash: '#/calls' })
    await page.getByText('No call of a model was recorded in this run.').waitFor()
  })
})

inBrowser('a table of 1,200 calls', (desk) => {
  const box = (page: Page): Locator => page.locator('.table-box.windowed')

  test('has only the rows in view in the document, and scrolling shows the right ones', async () => {
    const page = await desk.openFile(many, { hash: '#/calls' })
    expect(await said(page)).toBe('1,200 calls')
    expect(await table(page).getAttribute('aria-rowcount')).toBe('1201')
    expect((await inSight(page))[0]).toBe(1)
    for (const [top, first] of [[330, 11], [16_500, 501], [33 * 777, 778], [0, 1]] as const) {
      await box(page).evaluate((element, to) => { element.scrollTop = to }, top)
      await expect.poll(async () => (await inSight(page))[0]).toBe(first)
      const seen = await inSight(page)
      expect(seen).toEqual(seen.map((_, i) => first + i))
      expect(seen.length).toBeGreaterThan(8)
      expect(await buttons(page).count()).toBeLessThan(80)
      expect(await buttons(page).first().evaluate((button) => [Number(button.closest('tr')!.getAttribute('aria-rowindex')), Number(button.textContent!.replaceAll(',', ''))]))
        .toEqual([(await numbers(page))[0]! + 1, (await numbers(page))[0]])
    }
    await box(page).evaluate((element) => { element.scrollTop = element.scrollHeight })
    await expect.poll(async () => (await inSight(page)).at(-1)).toBe(COUNT)
  })

  test('goes from end to end with keys, and the row with the focus is in view', async () => {
    const page = await desk.openFile(many, { hash: '#/calls' })
    await buttons(page).first().focus()
    for (const [key, call] of [['End', '1,200'], ['ArrowUp', '1,199'], ['PageUp', '1,184'], ['Home', '1'], ['PageDown', '16'], ['PageDown', '31'], ['PageDown', '46'], ['ArrowDown', '47'], ['PageUp', '32']] as const) {
      await page.keyboard.press(key)
      await expectFocus(page, call)
      expect(await inSight(page)).toContain(Number(call.replaceAll(',', '')))
    }
    expect(await table(page).locator('.row-button[tabindex="0"]').allTextContents()).toEqual(['32'])
  })

  test('keeps the place of the keyboard when its row is scrolled away', async () => {
    const page = await desk.openFile(many, { hash: '#/calls' })
    await buttons(page).nth(4).focus()
    await box(page).evaluate((element) => { element.scrollTop = 20_000 })
    await expect.poll(async () => (await inSight(page))[0]).toBeGreaterThan(600)
    expect(await page.evaluate(() => document.activeElement?.closest('.table-box') !== null)).toBe(true)
    await page.keyboard.press('ArrowDown')
    await expectFocus(page, '6')
    expect(await inSight(page)).toContain(6)
  })

  test('a call far below opens, and Escape gives the focus back', async () => {
    const page = await desk.openFile(many, { hash: '#/calls' })
    await buttons(page).first().focus()
    await page.keyboard.press('End')
    await expectFocus(page, '1,200')
    await page.keyboard.press('Enter')
    await drawer(page).getByText('call 1,200', { exact: true }).waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('drawer-title')
    await page.keyboard.press('Escape')
    await expectFocus(page, '1,200')
  })

  test('what the address opens is in view; a new order and a filter keep the table right', async () => {
    const page = await desk.openFile(many, { hash: '#/calls?span=900' })
    await expect.poll(() => inSight(page)).toContain(900)
    await table(page).getByRole('columnheader', { name: 'Input' }).getByRole('button').click()
    // The most first: call 900 is the 301st now, and stays in view.
    await expect.poll(() => inSight(page)).toContain(900)
    const seen = await inSight(page)
    expect(seen).toEqual(seen.map((_, i) => seen[0]! - i))
    await page.getByRole('button', { name: 'Failed or retried 12' }).click()
    await expect.poll(() => numbers(page)).toEqual(Array.from({ length: 12 }, (_, i) => 1_151 - i * 100))
    expect(await said(page)).toBe('12 of 1,200 calls')
    await filter(page).fill('gpt-5-mini')
    await expect.poll(() => said(page)).toBe('12 of 1,200 calls')
    await page.getByRole('button', { name: 'Failed or retried 12' }).click()
    await expect.poll(() => said(page)).toBe('600 of 1,200 calls')
    expect(await totals(page)).toMatch(/^Total \| 600 calls \| /)
  })

  test('axe has no objection, at its beginning and at its end', async () => {
    const page = await desk.openFile(many, { hash: '#/calls' })
    await expectNoAxeViolations(page, ['light'])
    await box(page).evaluate((element) => { element.scrollTop = element.scrollHeight })
    await expect.poll(async () => (await inSight(page)).at(-1)).toBe(COUNT)
    await expectNoAxeViolations(page, ['dark'])
    await page.setViewportSize({ width: 390, height: 900 })
    await drawn(page)
    await expectNoSidewaysScrolling(page)
  })
})

inBrowser('time to first token', (desk) => {
  const calls = (first: (tokens: number, i: number) => number): string => htmlReport(draw(['agent 0-30000', ...Array.from({ length: 14 }, (_, i) => {
    const [start, tokens] = [i * 2_000, 1_000 + i * 2_000]
    return `  gpt ${start}-${start + 1_900} model=gpt-5-mini in=${tokens} out=20 first=${start + first(tokens, i)} last=${start + 1_800}`
  })].join('\n')))
  const latency = (page: Page): Locator => page.getByRole('region', { name: 'Time to first token by uncached input' })

  test('says what its picture shows, and what a cached prefix would bring', async () => {
    const page = await desk.openFile(calls((tokens, i) => 200 + tokens * 0.03 + (i % 3)), { hash: '#/calls' })
    expect(await latency(page).locator('h3').textContent()).toBe('gpt-5-mini 14 calls')
    expect(await latency(page).getByRole('img').getAttribute('aria-label')).toMatch(/^14 calls with 1,000 to 27,000 uncached tokens and first tokens after 2\d\d ms to 1\.01 s\.$/)
    expect(await latency(page).locator('figcaption').textContent()).toMatch(/^A cached prefix of 10,000 tokens brings the first token (29|30)\d ms sooner \(95 %: .*\)\. With nothing to read the first token takes 2\d\d ms\.$/)
    expect((await latency(page).locator('path.dots').getAttribute('d'))!.match(/M/g)).toHaveLength(14)
    expect(await latency(page).locator('line.fit').count()).toBe(1)
  })

  test('of calls without a trend says that there is none', async () => {
    const page = await desk.openFile(calls((_, i) => 300 + ((i * 37) % 11) * 50), { hash: '#/calls' })
    expect(await latency(page).locator('figcaption').textContent()).toMatch(/^(Whether more tokens take longer cannot be told|No line through|More tokens do not take longer here)/)
  })
})
