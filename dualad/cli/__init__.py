"""The command line, `python -m dualad`. Each module uses only those above it:

- `errors`: what is refused, and errors of the user's script
- `numerals`: text as numbers, and numbers as text
- `expressions`: formulas, read and calculated without ever executing text
- `files`: text files and CSV files
- `scripts`: functions in the user's scripts
- `arguments`: what was asked for
- `problems`: a function and its arguments
- `answers`: what the drivers make of them
- `reports`: answers as a table or as JSON
- `sens`: the command `sens`
- `main`: which command, what it prints, its exit status
"""
