/** Node's own types of what a server is asked and answers, apart from the code that holds them: declarations lead here, and no further. */
export type { IncomingMessage, ServerResponse } from 'node:http'
