import type { Ticket } from './agent.ts'

/** What the recorded answers are about. */
export const recordedTicket: Ticket = {
  customerId: 'c-1042',
  question: "What's the weather in Seattle and San Francisco today?",
  chatQuestion: 'I stay 6 nights and each is worth 7 points. What is 6 times 7?',
}
