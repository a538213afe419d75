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
  const { id, params } = JSON.parse(line);
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[params.name] }) + '\n');
});
