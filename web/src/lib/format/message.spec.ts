import { expect, test } from 'vitest';
import { seen } from './message';

// As `crates/deliver/src/message.rs` writes them.
test('Slack: title, text and link, with nothing of its marks', () => {
  const text = "*The story 'dam failure, &lt;river&gt; &amp; ∗bridge∗' grows*\n1260 posts.\nnarrative · severity medium · feed everything\n<https://watch.example/detections/narrative-n1|Look at it>\n`groundswell export narratives --id n1`";
  expect(seen({ kind: 'slack', body: JSON.stringify({ text, unfurl_links: false }) })).toEqual({
    title: "The story 'dam failure, <river> & ∗bridge∗' grows",
    lines: ['1260 posts.', 'narrative · severity medium · feed everything', 'Look at it: https://watch.example/detections/narrative-n1', 'groundswell export narratives --id n1'],
  });
  // What a title quotes is not read as markup a second time.
  expect(seen({ kind: 'slack', body: JSON.stringify({ text: '*&amp;lt;b&amp;gt;*' }) }).title).toBe('&lt;b&gt;');
});

test('Teams: the blocks of the card, without the strokes', () => {
  const content = { body: [{ text: 'a \\*star\\* \\[x\\] \\\\' }, { text: 'more' }], actions: [{ title: 'Look at it', url: 'https://watch.example/' }] };
  expect(seen({ kind: 'teams', body: JSON.stringify({ attachments: [{ content }] }) })).toEqual({ title: 'a *star* [x] \\', lines: ['more', 'Look at it: https://watch.example/'] });
});

test('mail as it is, a webhook with its lines broken, and what is no JSON as it is', () => {
  expect(seen({ kind: 'email', subject: 'S', body: 'a\n\nb' })).toEqual({ title: 'S', lines: ['a', '', 'b'] });
  expect(seen({ kind: 'webhook', body: '{"a":1}' })).toEqual({ title: '', lines: ['{', '  "a": 1', '}'] });
  for (const kind of ['slack', 'teams', 'webhook']) expect(seen({ kind, body: 'not JSON' })).toEqual({ title: '', lines: ['not JSON'] });
  expect(seen({ kind: 'teams', body: '{}' })).toEqual({ title: '', lines: [] });
});
