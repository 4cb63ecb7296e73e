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
      { keys: ['←', '→'], what: 'the span before and after, among siblings' },
      { keys: ['↑', '↓'], what: 'the parent, the first child' },
      { keys: ['Home', 'End'], what: 'the first and the last span' },
      { keys: ['Enter'], what: 'opens the span' },
      { keys: ['+', '-', '0'], what: 'nearer, farther, the whole run' },
      { keys: ['f'], what: 'fits the span into the window' },
      { keys: ['c'], what: 'collapses what lies below it' },
      { keys: ['/'], what: 'finds spans' },
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
      { keys: ['/'], what: 'searches' },
    ],
  },
  {
    title: 'Context',
    shortcuts: [
      { keys: ['←', '→'], what: 'the call before and after' },
      { keys: ['Shift ←', 'Shift →'], what: 'the broken prefix before and after' },
      { keys: ['Enter'], what: 'opens the call' },
      { keys: ['+', '-', '0'], what: 'nearer, farther, all calls' },
    ],
  },
  {
    title: 'Tables and lists',
    shortcuts: [
      { keys: ['↑', '↓'], what: 'the row above and below' },
      { keys: ['Page Up', 'Page Down'], what: 'a page of rows' },
      { keys: ['Home', 'End'], what: 'the first and the last row' },
      { keys: ['Enter'], what: 'opens the row' },
      { keys: ['/'], what: 'searches the runs of the dashboard' },
    ],
  },
]
