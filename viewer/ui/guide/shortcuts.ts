/** What the keyboard does, by place. `keys` of one row do the same or belong together. */
export interface Shortcut {
  readonly keys: readonly string[]
  readonly what: string
}

export interface ShortcutGroup {
  readonly title: string
  readonly shortcuts: readonly Shortcut[]
}

export const shortcutGroups: readonly ShortcutGroup[] = [
  {
    title: 'Everywhere',
    shortcuts: [
      { keys: ['?'], what: 'this list' },
      { keys: ['1', '…', '7'], what: 'the views of a run, in the order of their tabs' },
      { keys: ['←', '→'], what: 'the tab beside; also among a few choices' },
      { keys: ['Escape'], what: 'closes what lies above: a list, a dialog, the span’s details' },
    ],
  },
  {
    title: 'Timeline',
    shortcuts: [
      { keys: ['←', '→'], what: 'the span before and after' },
      { keys: ['↑', '↓'], what: 'the span above and below' },
      { keys: ['Enter'], what: 'the span’s details' },
      { keys: ['+', '−'], what: 'nearer and farther' },
      { keys: ['0'], what: 'the whole run' },
      { keys: ['/'], what: 'search' },
    ],
  },
  {
    title: 'Flame graph',
    shortcuts: [
      { keys: ['←', '→'], what: 'the frame beside' },
      { keys: ['↑', '↓'], what: 'the frame outside and inside' },
      { keys: ['Enter'], what: 'zooms in, and then opens the span' },
      { keys: ['Escape'], what: 'zooms out' },
      { keys: ['Home'], what: 'the whole run' },
      { keys: ['/'], what: 'search' },
    ],
  },
  {
    title: 'Context',
    shortcuts: [
      { keys: ['←', '→'], what: 'the call before and after' },
      { keys: ['Shift ←', 'Shift →'], what: 'the call before and after whose cached prefix broke' },
      { keys: ['Enter'], what: 'the call’s details' },
      { keys: ['+', '−'], what: 'fewer calls and more' },
      { keys: ['0'], what: 'all calls' },
    ],
  },
  {
    title: 'Tables',
    shortcuts: [
      { keys: ['↑', '↓'], what: 'the row above and below' },
      { keys: ['Page Up', 'Page Down'], what: 'a page of rows' },
      { keys: ['Home', 'End'], what: 'the first and the last row' },
      { keys: ['Enter'], what: 'opens the row' },
    ],
  },
  {
    title: 'Runs',
    shortcuts: [
      { keys: ['/'], what: 'search' },
      { keys: ['↑', '↓'], what: 'the run above and below' },
      { keys: ['Space'], what: 'chooses a run, on its box; with Shift and a click, all between' },
      { keys: ['←', '→'], what: 'the time before and after, in the statistics; Enter opens its runs' },
    ],
  },
]
