"""Codes: the operations that both machines know, and the columns of an instruction.

The machine tells kinds of operations apart by the order here.
"""

BINARY = ("add", "sub", "mul", "div", "reldiff", "logratio", "smaller", "larger")
BINARY += ("lt", "le", "eq", "ne", "select")
CONSTANT = ("addk", "mulk", "rsubk", "rdivk", "smallerk", "largerk")
CONSTANT += ("ltk", "lek", "gtk", "gek", "eqk", "nek", "fill")
UNARY = ("abs", "sign", "sqrt", "ln", "exp", "normal")
SHAPED = ("where", "expand", "lag", "lead", "prev", "crop", "cropmask", "top", "row", "rows_left")
SHAPED += ("locked", "cont")
REDUCE = ("count", "sum", "mean", "std", "skew", "kurt", "min", "max", "first", "last", "prod")
REDUCE += ("growth", "median", "drawdown", "corr")
OUTPUT = ("output",)
CODES = {name: i for i, name in enumerate((*BINARY, *CONSTANT, *UNARY, *SHAPED, *REDUCE, *OUTPUT))}

# Columns of an instruction; I_DAY is 1 where the result is a number of the day.
I_CODE, I_DAY, I_OUT, I_A, I_B, I_C, I_LO, I_HI, I_LEAST, I_D = range(10)
WIDTH = 10
