/** The page as files: what index.html names is what the modules import, and nothing breaks the content security policy. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const read = (file) => readFileSync(path.join(web, file), 'utf8');
const files = readdirSync(web, { recursive: true }).map(String).filter((file) => !file.startsWith('vendor'));
const scripts = files.filter((file) => file.endsWith('.js'));
const html = read('index.html');
const IMPORT = /^(?:import|export)\s[^;]*?from\s+'([^']+)'/gm;

function importsOf(file) {
  return [...read(file).matchAll(IMPORT)].map(([, target]) => {
    assert.ok(target.startsWith('.'), `${file} imports ${target}: only relative imports work without an import map`);
    return path.normalize(path.join(path.dirname(file), target));
  });
}

function reachable(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const target of importsOf(file)) reachable(target, seen);
  return seen;
}

test('index.html preloads exactly the modules that app.js reaches', () => {
  const preloaded = [...html.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, file]) => file).sort();
  const reached = [...reachable('app.js')].filter((file) => file !== 'app.js').sort();
  assert.deepEqual(preloaded, reached);
});

test('every module is reached and every file that is named exists', () => {
  const reached = new Set([...reachable('app.js'), ...reachable('wall/wall.js')]);
  assert.deepEqual(scripts.filter((file) => !reached.has(file)), []);
  for (const page of ['index.html', 'wall/index.html']) {
    for (const [, file] of read(page).matchAll(/(?:href|src)="([^"]+)"/g)) assert.ok(existsSync(path.join(web, path.dirname(page), file)), file);
  }
});

test('nothing needs what the content security policy forbids', () => {
  for (const page of [html, read('wall/index.html')]) assert.equal(/\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/.test(page), false);
  for (const file of scripts) {
    const source = read(file);
    for (const forbidden of ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'eval(', 'new Function', "setAttribute('style'", 'javascript:']) {
      assert.equal(source.includes(forbidden), false, `${file} uses ${forbidden}`);
    }
  }
  for (const file of files.filter((name) => name.endsWith('.css'))) assert.equal(/@import|url\(\s*['"]?(?:https?:)?\/\//.test(read(file)), false, file);
});

test('core knows no browser', () => {
  for (const file of scripts.filter((name) => name.startsWith('core'))) {
    const code = read(file).replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
    assert.equal(/\b(document|window|localStorage|location|navigator|requestAnimationFrame|setTimeout|setInterval|fetch|WebSocket)\b\s*[.(]/.test(code), false, file);
    assert.equal(/Date\.now|Math\.random/.test(code), false, `${file} reads a clock or makes randomness of its own`);
    for (const target of importsOf(file)) assert.ok(target.startsWith('core'), `${file} imports ${target}`);
  }
});

test('the whole page stays small', () => {
  const characters = files.filter((file) => /\.(js|css|html|svg)$/.test(file)).reduce((sum, file) => sum + read(file).length, 0);
  assert.ok(characters < 510_000, `${characters} characters`);
});
