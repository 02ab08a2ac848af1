"""GitHub over its REST and GraphQL API, and the job that GitHub Actions runs.

Rule: whatever is not a clear and whole answer is an error (RV-6). An answer is read strictly by
`fields`; a list ends only where a page is not full; nothing is taken for granted because it is
absent.
"""
