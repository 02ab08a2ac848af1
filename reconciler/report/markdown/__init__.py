"""Reports for a pull request, a job summary or an issue, in GitHub's Markdown."""
