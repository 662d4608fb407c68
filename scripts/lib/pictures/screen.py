"""A terminal's screen as SVG: what `tmux capture-pane -e -p` says, from standard input."""

import html
import re
import sys
import unicodedata

WIDTH, HEIGHT = 8.43, 17.0  # of a character, in DejaVu Sans Mono of 14 px
MARGIN = 14
PAPER, INK = "#16191f", "#d8dee9"
BASIC = [
    "#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
    "#7f8896", "#ff7b86", "#b5e08c", "#ffd68a", "#82c4ff", "#dd9bf0", "#7fd6e0", "#ffffff",
]
# Where the bits of a Braille character have their dots.
DOTS = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
# How much of a cell is full, from below and from the left.
BLOCKS = {chr(0x2580 + n): (n / 8, 1) for n in range(1, 9)}
BLOCKS |= {chr(0x2588 + n): (1, 1 - n / 8) for n in range(1, 8)}
# How dense shades are.
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def indexed(number):
    """A colour of the 256."""
    if number < 16:
        return BASIC[number]
    if number < 232:
        steps = [0, 95, 135, 175, 215, 255]
        number -= 16
        return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])
    return "#%02x%02x%02x" % (3 * (8 + 10 * (number - 232),))


class Style:
    """What comes next looks so."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.ink = self.paper = None
        self.bold = self.dim = self.reverse = False

    def take(self, codes):
        codes = iter(codes)
        for code in codes:
            if code == 0:
                self.clear()
            elif code in (1, 2):
                self.bold, self.dim = code == 1, code == 2
            elif code == 22:
                self.bold = self.dim = False
            elif code in (7, 27):
                self.reverse = code == 7
            elif code in (38, 48):
                if next(codes) == 5:
                    colour = indexed(next(codes))
                else:
                    colour = "#%02x%02x%02x" % (next(codes), next(codes), next(codes))
                self.put(code == 38, colour)
            elif code in (39, 49):
                self.put(code == 39, None)
            elif code // 10 in (3, 4):
                self.put(code < 40, BASIC[code % 10])
            elif code // 10 in (9, 10):
                self.put(code < 100, BASIC[code % 10 + 8])

    def put(self, ink, colour):
        if ink:
            self.ink = colour
        else:
            self.paper = colour

    def look(self):
        ink, paper = self.ink or INK, self.paper
        if self.reverse:
            ink, paper = paper or PAPER, ink
        return ink, paper, self.bold, self.dim


def cells(text):
    """Every character with its column, line and look."""
    style = Style()
    for y, line in enumerate(text.rstrip("\n").split("\n")):
        x = 0
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b"):
                style.take([int(code or 0) for code in piece[2:-1].split(";")])
                continue
            # tmux switches to the old character set of lines by ^N and back by ^O.
            for character in piece.replace("\x0e", "").replace("\x0f", ""):
                yield x, y, character, style.look()
                x += 2 if unicodedata.east_asian_width(character) in "WF" else 1


def rectangle(x, y, width, height, colour, opacity=1.0):
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}"'
        + (f' opacity="{opacity:.2f}"/>' if opacity < 1 else "/>")
    )


def papers(text):
    """Rectangles of one colour below and within characters: column, line, width, look and character."""
    found = []
    for x, y, character, look in cells(text):
        filled = character if character in SHADES or BLOCKS.get(character, (0, 0))[1] == 1 else ""
        if not (look[1] or filled):
            continue
        last = found[-1] if found else None
        if last and last[1] == y and last[0] + last[2] == x and last[3:] == (look, filled):
            found[-1] = (last[0], y, last[2] + 1, look, filled)
        else:
            found.append((x, y, 1, look, filled))
    return found


def svg(text):
    drawn, runs, columns, lines = [], [], 1, 1
    for x, y, width, (ink, paper, _, _), filled in papers(text):
        left, top, width = MARGIN + x * WIDTH, MARGIN + y * HEIGHT, width * WIDTH
        if paper:
            # A little more, so that nothing is seen between two lines.
            drawn.append(rectangle(left, top, width, HEIGHT + 0.4, paper))
        if filled in SHADES:
            drawn.append(rectangle(left, top, width, HEIGHT, ink, SHADES[filled]))
        elif filled:
            height = HEIGHT * BLOCKS[filled][0]
            drawn.append(rectangle(left, top + HEIGHT - height, width, height, ink))
    for x, y, character, look in cells(text):
        ink = look[0]
        columns, lines = max(columns, x + 1), max(lines, y + 1)
        left, top = MARGIN + x * WIDTH, MARGIN + y * HEIGHT
        if "\u2800" <= character <= "\u28ff":
            bits = ord(character) - 0x2800
            for bit, (column, row) in enumerate(DOTS):
                if bits >> bit & 1:
                    centre = left + WIDTH * (0.25 + 0.5 * column), top + HEIGHT * (0.125 + 0.25 * row)
                    drawn.append('<circle cx="%.1f" cy="%.1f" r="1.3" fill="%s"/>' % (*centre, ink))
        elif character in BLOCKS and BLOCKS[character][1] < 1:
            drawn.append(rectangle(left, top, WIDTH * BLOCKS[character][1], HEIGHT, ink))
        elif character not in BLOCKS and character not in SHADES and character != " ":
            key = (y, look)
            if runs and runs[-1][0] == key and runs[-1][1] + len(runs[-1][2]) == x:
                runs[-1][2].append(character)
            else:
                runs.append((key, x, [character]))
    for (y, (ink, _, bold, dim)), x, characters in runs:
        left, base = MARGIN + x * WIDTH, MARGIN + (y + 0.76) * HEIGHT
        attributes = f'x="{left:.2f}" y="{base:.2f}" fill="{ink}"'
        attributes += f' textLength="{len(characters) * WIDTH:.2f}"' if len(characters) > 1 else ""
        attributes += ' font-weight="bold"' if bold else ""
        attributes += ' opacity="0.65"' if dim else ""
        drawn.append(f"<text {attributes}>{html.escape(''.join(characters))}</text>")
    size = 'width="%.0f" height="%.0f"' % (2 * MARGIN + columns * WIDTH, 2 * MARGIN + lines * HEIGHT)
    font = 'font-family="DejaVu Sans Mono, monospace" font-size="14"'
    paper = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{paper}{"".join(drawn)}</svg>'


print(svg(sys.stdin.read()))
