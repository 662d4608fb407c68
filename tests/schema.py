"""Holds TOML and JSON files against a schema: schema.py SCHEMA < FILES, one path a line. Prints as JSON
what is wrong with each; null: nothing."""

import json
import pathlib
import sys
import tomllib

import jsonschema

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)


def problem(path):
    path = pathlib.Path(path)
    read = json.loads if path.suffix == ".json" else tomllib.loads
    try:
        file = read(path.read_text())
    except tomllib.TOMLDecodeError as error:
        return str(error)
    error = jsonschema.exceptions.best_match(validator.iter_errors(file))
    return error and f"{error.json_path}: {error.message}"


json.dump({path: problem(path) for path in sys.stdin.read().splitlines()}, sys.stdout)
