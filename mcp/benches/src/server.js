// A server of one tool that does nothing, or returns a megabyte.
const large = 'x'.repeat(1 << 20);
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, params } = JSON.parse(line);
  const text = params.name === 'large' ? large : '';
  const result = { content: [{ type: 'text', text }] };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\n');
});
