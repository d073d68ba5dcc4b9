"""The commands beside rendering: plan, models, fetch, layers, measure. With __main__.py the only place that prints.

A command is a function of its parsed options to an exit status, and a function that makes its grammar.
"""

from render.commands.layers import draw_layers, layers_parser
from render.commands.measure import measure_films, measure_parser
from render.commands.networks import fetch_parser, fetch_weights, list_models, models_parser
from render.commands.plan import draw, draw_parser

COMMANDS = {
    "plan": (draw, draw_parser),
    "models": (list_models, models_parser),
    "fetch": (fetch_weights, fetch_parser),
    "layers": (draw_layers, layers_parser),
    "measure": (measure_films, measure_parser),
}
