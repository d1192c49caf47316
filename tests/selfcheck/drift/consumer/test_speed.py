"""A large code base is read in seconds, because only what can matter is evaluated."""

from __future__ import annotations

import time

import pytest
from drift.consumer.marked_sources import PROMISED, unmarked
from drift.consumer.test_code_bases import BACKEND, CONSOLE, PYTHON

from dtma_contract.discovery.consumer import read_consumers
from dtma_contract.discovery.file_tree import FolderTree

# Seconds of processor time for 2,000 files; twice what it takes on two shared cores.
LIMIT = 2.5

OTHER = """import {{ useState }} from 'react';
import axios from 'axios';
import {{ thing{next} }} from './part{next}';
import {{ api }} from '../api';
export class Service{own} {{
  constructor(private readonly repository: Repository) {{}}
  async load(id: string) {{
    const {{ data }} = await axios.get(`https://api.example.com/v1/items/${{id}}`);
    const answer = await api.post(`/items/${{id}}/things`, {{ list: data.map((x: any) => ({{ ...x, y: x.z ?? 0 }})) }});
    for (const item of data) {{ await this.repository.save(item); }}
    return {{ ...answer.data, total: data.reduce((sum: number, one: any) => sum + one.n, 0) }};
  }}
}}
export const thing{own} = (a: number, b: number) => {{ let x = a; while (x < b) {{ x += 1; }} return x; }};
export function Part{own}({{ name, value }}: Props) {{
  const [state, set] = useState(0);
  return (<div className="part"><input value={{value}} onChange={{(e) => set(Number(e.target.value))}} />{{name}}</div>);
}}
"""


@pytest.mark.alone
def test_two_thousand_files_are_read_in_seconds(tmp_path):
    """The agent's callers are found among two thousand files that call other services."""
    expected = 0
    for name, files in {"backend": BACKEND, "console": CONSOLE, "ops": PYTHON}.items():
        plain, resolved, _ = unmarked(files)
        expected += len(resolved)
        for path, source in plain.items():
            place = tmp_path / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(source)
    web = tmp_path / "web" / "src"
    web.mkdir(parents=True)
    (web / "api.ts").write_text(
        "import axios from 'axios';\nexport const api = axios.create({ baseURL: import.meta.env.VITE_API_URL });\n"
    )
    for number in range(2000):
        folder = web / f"group{number // 50}"
        folder.mkdir(exist_ok=True)
        following = (number + 1) % 50 + number // 50 * 50
        (folder / f"part{number}.tsx").write_text(OTHER.format(own=number, next=following))
    began = time.process_time()
    table = read_consumers(FolderTree(tmp_path), promised=PROMISED)
    spent = time.process_time() - began

    assert (len(table.routes), table.unknown) == (expected, ())
    assert spent < LIMIT
