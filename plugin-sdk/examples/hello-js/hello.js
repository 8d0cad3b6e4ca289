import { write } from 'estampe:plugin/log@0.1.0';
import { get } from 'estampe:plugin/config@0.1.0';

const text = (name, val) => ({ name, value: { tag: 'text', val } });
const person = (id, cn) => ({ tag: 'person', val: { id, active: true, attributes: [text('cn', cn)], handles: [] } });

export const connector = {
  describe: () => ({ features: { incremental: false }, attributes: ['cn'] }),
  check: () => [{ name: 'hello', passed: true, detail: 'nothing is needed' }],
  syncPage(mode, from) {
    write('info', `a page in mode ${mode}`);
    // every call runs in a fresh instance: the cursor is all that lasts
    if (from === undefined) {
      return { events: [person('1', get('greeting') ?? 'Zoé')], next: new Uint8Array([1]) };
    }
    return { events: [person('2', 'Núñez')] };
  },
};
