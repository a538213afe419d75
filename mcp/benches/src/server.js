// A server of tools that do nothing, or return a megabyte: of text, or of small values.
const text = 'x'.repeat(1 << 20);
const values = [];
for (let size = 2; size < 1 << 20; size += JSON.stringify(values.at(-1)).length + 1) {
  const index = values.length;
  values.push({ name: `item ${index}`, path: `a/b/${index}`, size: index * 7, ok: index % 2 === 0, of: null });
}
const results = {
  none: { content: [{ type: 'text', text: '' }] },
  text: { content: [{ type: 'text', text }] },
  values: { content: [], structuredContent: { values } },
};
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === 'initialize'
    ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'bench', version: '1' } }
    : results[params.name];
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\n');
});
