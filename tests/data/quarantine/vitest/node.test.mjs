import { it } from 'node:test'

it('belongs to Node', () => {})
