import t from 'tap';
import { parseDeclarative } from '../../../infra/local/gateway/declarative.ts';
import { createRouter } from '../../../infra/local/gateway/router.ts';
import { normalizePath } from '../../../infra/local/gateway/uri.ts';

function routerOf(routes: string) {
  const yaml = `_format_version: "3.0"\nservices:\n- name: s\n  url: http://s.invalid\n  routes:\n${routes}`;
  const match = createRouter(parseDeclarative(yaml, {}, new Map()).routes);
  return (method: string, path: string, host = 'localhost', headers: Record<string, string[]> = {}) =>
    match({ method, path, host, port: 8000, headers: new Map(Object.entries(headers)) })?.name;
}

// the routes of the recorded Kong (golden http.md)
const golden = routerOf(`
  - {name: plain, paths: ["/plain"]}
  - {name: nostrip, paths: ["/nostrip"], strip_path: false}
  - {name: regex, paths: ["~/re/(?<id>[0-9]+)/x$"], strip_path: false}
  - {name: prefix-long, paths: ["/plain/long"], strip_path: true}
  - {name: methods, paths: ["/m"], methods: [POST, PUT]}
  - {name: host, hosts: ["*.example.com"], paths: ["/h"], preserve_host: true}
  - {name: hdr, paths: ["/hdr"], headers: {x-version: ["2"]}}
`);

t.test('as the recorded Kong routes', async (t) => {
  const table: [string | undefined, Parameters<typeof golden>][] = [
    [undefined, ['GET', '/nothing']],
    ['plain', ['GET', '/plain']],
    ['plain', ['GET', '/plain/a%20b/c']],
    ['prefix-long', ['GET', '/plain/long/y']],
    ['plain', ['GET', '/plainx']],
    ['nostrip', ['GET', '/nostrip/z']],
    ['regex', ['GET', '/re/12/x']],
    [undefined, ['GET', '/re/ab/x']],
    [undefined, ['GET', '/re/12/x/more']],
    [undefined, ['GET', '/m']],
    ['methods', ['POST', '/m']],
    [undefined, ['OPTIONS', '/m']],
    ['host', ['GET', '/h', 'a.example.com']],
    [undefined, ['GET', '/h', 'example.com']],
    ['hdr', ['GET', '/hdr', 'localhost', { 'x-version': ['2'] }]],
    [undefined, ['GET', '/hdr']],
  ];
  for (const [expected, request] of table)
    t.equal(golden(...request), expected, request.slice(0, 2).join(' '));
});

t.test('more attributes win, then plain hosts, then regexes, then length', async (t) => {
  const find = routerOf(`
  - {name: any, paths: ["/"]}
  - {name: post, paths: ["/"], methods: [POST]}
  - {name: wild, paths: ["/"], hosts: ["*.a.example"]}
  - {name: plain-host, paths: ["/"], hosts: ["www.a.example"]}
  - {name: regex, paths: ["~/x/[0-9]+"]}
  - {name: regex-first, paths: ["~/x/1"], regex_priority: 5}
  - {name: prefix, paths: ["/x/1/very/long"]}
  - {name: several, paths: ["/p", "/p/longer", "~/q[0-9]"]}
  - {name: port, paths: ["/"], hosts: ["c.example:8000"]}
  - {name: other-port, paths: ["/"], hosts: ["c.example:9000"]}
  - {name: versions, paths: ["/"], headers: {x-version: ["~*^V[12]$"]}}
`);
  t.equal(find('GET', '/'), 'any');
  t.equal(find('POST', '/'), 'post');
  t.equal(find('GET', '/', 'x.a.example'), 'wild');
  t.equal(find('GET', '/', 'www.a.example'), 'plain-host');
  t.equal(find('GET', '/x/2'), 'regex');
  t.equal(find('GET', '/x/1/very/long'), 'regex-first', 'a regex goes before any prefix');
  t.equal(find('GET', '/p/longer/y'), 'several');
  t.equal(find('GET', '/q7'), 'several');
  t.equal(find('GET', '/y/x/2'), 'any', 'a regex is anchored at the beginning');
  t.equal(find('GET', '/', 'c.example'), 'port');
  t.equal(find('GET', '/', 'localhost', { 'x-version': ['v2'] }), 'versions');
});

t.test('paths are normalised as Kong does before they are matched', async (t) => {
  for (const [path, expected] of [
    ['/plain/../nostrip', '/nostrip'],
    ['//plain', '/plain'],
    ['/a/./b/', '/a/b/'],
    ['/a/b/..', '/a/'],
    ['/../../a', '/a'],
    ['/%61%2f%2Fb', '/a%2F%2Fb'],
    ['/a%20b', '/a%20b'],
    ['/%2e%2e/x', '/x'],
    ['/a.b/..c', '/a.b/..c'],
    ['', '/'],
  ] as const)
    t.equal(normalizePath(path), expected, path);
});
