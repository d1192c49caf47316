"""Records the routes of the corpus's cases anew, as the cases themselves tell them under Express 4 and 5.

Arguments are names of cases; without any, all are recorded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck" / "drift"))

from corpus.case import all_cases
from corpus.runtime import Run, run_cases
from corpus.truth import told_routes, unexpected_end


def main() -> int:
    """Run, write, tell what ended otherwise than its case says."""
    asked = set(sys.argv[1:])
    cases = [case for case in all_cases() if not asked or case.name in asked]
    runs = [Run(case, major) for case in cases for major in case.express]
    wrong = 0
    for run, answers in run_cases(runs).items():
        ending = unexpected_end(run, answers)
        if ending:
            wrong += 1
            print(f"{run.case.name} under Express {run.major}: {ending}", file=sys.stderr)
        rows = ",\n".join(f"  {json.dumps(endpoint)}" for endpoint in told_routes(answers))
        file = run.case.truth_file(run.major)
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"[\n{rows}\n]\n" if rows else "[]\n", "utf-8")
    print(f"recorded {len(runs)} runs of {len(cases)} cases, {wrong} ended unexpectedly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
