"""The contract and the clauses that this version ships, read once."""

from dtma_contract.shipped import load_clauses, load_contract

CONTRACT = load_contract()
CLAUSES = load_clauses(CONTRACT)
BY_ID = {clause.id: clause for clause in CLAUSES}
