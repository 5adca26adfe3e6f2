"""The command line, `python -m dualad`. Each module uses only those above it:

- `errors`: the errors told in one sentence, and their exit statuses
- `numerals`: text as numbers, numbers as text, and their precision
- `syntax`: what an expression may be; nothing of a text is ever executed
- `expressions`: formulas, calculated on any numbers
- `files`: text files and CSV files
- `scripts`: functions in the user's scripts
- `arguments`: what was asked for
- `problems`: a function and its arguments
- `answers`: what the drivers make of them
- `reports`: answers as a table or as JSON
- `sens`: the command `sens`
- `completion`: what a shell may complete
- `progress`: a sign of life on a terminal
- `main`: which command, what it prints, its exit status
"""
