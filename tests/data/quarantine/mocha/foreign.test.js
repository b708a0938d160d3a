import test from 'ava';

test('belongs to another runner', (t) => t.pass());
