#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""This tree as patches of a kernel: a git repository with a commit for each.

  patches.py SOURCE FOLDER

SOURCE is the kernel's source, which is only read. FOLDER becomes a repository of the few
files of it that change, with the tag "base", and on top of it the commits of patches.list.
Its branch's description is the cover letter. Who signs is told by git's own variables.

A kernel needs nothing of module/compat*: each name of it is replaced by what it stands for
in the newest kernel. Makefiles and Kconfig follow from those here, with what is there by
then. Everything that is replaced here must be found, so that nothing goes stale.
"""

import os
import re
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
repository = os.path.dirname(os.path.dirname(here))

ENTRY = 'DMABAY (DMA RESERVATIONS)'
LISTS = ['iommu@lists.linux.dev', 'linux-kernel@vger.kernel.org']

# Where files go, and what they are called there in texts.
FOLDERS = (
    (r'module/(dmabay,channel\.yaml)', r'Documentation/devicetree/bindings/dma/\1'),
    (r'(?:module|include)/([\w-]+\.rst)', r'Documentation/driver-api/dmabay/\1'),
    (r'include/(sysfs-class-dmabay)', r'Documentation/ABI/testing/\1'),
    (r'include/sample\b', r'samples/dmabay'),
    (r'\bmodule/', r'drivers/dmabay/'),
    (r'\bkunit/', r'drivers/dmabay/tests/'),
)

# Whatever compat*.h gives, by what it is there, and the headers that it takes.
NAMES = (
    (r'\b__dmabay_uninitialized\b', '__uninitialized'),
    (r'\bstruct dmabay_iova\b', 'struct dma_iova_state'),
    (r'\bdmabay_iova_base\(&([\w>.-]+)\)', r'\1.addr'),
    (r'\bCOMPAT_IMPORT_DMA_BUF\(\)', 'MODULE_IMPORT_NS("DMA_BUF")'),
    (r'\bCOMPAT_URING_F_CANCEL\b', 'IO_URING_F_CANCEL'),
    (r'\bCOMPAT_URING_TASK_WORK\((\w+), (\w+)\)',
     'static void \\1(struct io_tw_req request, io_tw_token_t token)\n{\n'
     '\t\\2(io_uring_cmd_from_tw(request), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);\n}'),
)
CALLS = {
    'compat_set_dma_coherent': ('dev_set_dma_coherent', '{}'),
    'compat_uring_done': ('io_uring_cmd_done', '{}, {}, {}'),
    'compat_uring_mark_cancelable': ('io_uring_cmd_mark_cancelable', '{}, {}'),
    'compat_uring_payload': ('io_uring_sqe_cmd', '{}->sqe, {}'),
    'compat_uring_import_fixed': ('io_uring_cmd_import_fixed', '{1}, {2}, {3}, {4}, {0}, {5}'),
    'dmabay_iova_alloc': ('dma_iova_try_alloc', '{}, {}, 0, {}'),
    'dmabay_iova_free': ('dma_iova_free', '{}, {}'),
    'dmabay_iova_link': ('dma_iova_link', '{}, {}, {}, {}, {}, {}, 0'),
    'dmabay_iova_sync': ('dma_iova_sync', '{}, {}, {}, {}'),
    'dmabay_iova_unlink': ('dma_iova_unlink', '{}, {}, {}, {}, {}, 0'),
}
HEADERS = {
    'compat.h': ['kunit/static_stub.h', 'linux/eventfd.h', 'linux/hrtimer.h', 'linux/mm.h',
                 'linux/slab.h', 'linux/uio.h'],
    'compat_devices.h': ['linux/device.h', 'linux/pci.h'],
    'compat_dma_buf.h': ['linux/module.h'],
    'compat_dma_iova.h': ['linux/dma-mapping.h'],
    'compat_uring.h': ['linux/io_uring/cmd.h'],
}

# What a text says of this repository, and what it says there. Regular expressions.
TEXTS = {
    'Kconfig': (
        (r'Run them with "make check" in the source of dmabay, or with kunit\.py\.',
         'Run them with kunit.py and\n\t  --kunitconfig=drivers/dmabay/tests.'),
    ),
    'module/attributes.c': (
        (r' include/sysfs-class-dmabay tells\n \* ',
         '\n * Documentation/ABI/testing/sysfs-class-dmabay tells '),
    ),
    'include/guarantees.rst': (
        (r' +module/compat\*: older kernels', ''),
        (r'; what\nis not done, or not well, is in the section "Limits" of README\.md\.', '.'),
        (r' \(userspace/bench/results/summary\.txt\)', ''),
        (r', which is tested so \(``userspace/tests/nomemory\.c``\)', ''),
    ),
    'include/driver.rst': (
        (r'It needs the public headers.*?(?=Loaded, it has a node)',
         'CONFIG_SAMPLE_DMABAY builds it.\n\n'),
        (r'``make CONFIG_DMABAY_DEBUG=y``, or the option of that name in a kernel\'s configuration, '
         'builds', 'CONFIG_DMABAY_DEBUG builds'),
    ),
    'include/porting-steps.rst': (
        (r'``make -C include/sample`` builds it, as ``include/driver\.rst`` tells\.',
         'CONFIG_SAMPLE_DMABAY builds it.'),
    ),
}

INDEX = '''.. SPDX-License-Identifier: GPL-2.0-only

======
dmabay
======

DMA resources reserved once, used for transfer after transfer. The library libdmabay and the
command dmabay, which some of these texts use, are not part of the kernel.

.. toctree::
   :maxdepth: 1

   driver
   guarantees
   channel
   porting-steps
   porting

.. kernel-doc:: include/linux/dmabay.h
   :no-identifiers:
'''


def die(text):
    sys.exit('dmabay: patches: ' + text)


def must(pattern, replacement, text, where):
    """re.sub() that finds something."""
    text, found = re.subn(pattern, replacement, text, flags=re.M | re.S)
    if not found:
        die(f"{where}: where is '{pattern}'?")
    return text


def goes_to(name):
    """Where a file of this repository is in the kernel."""
    for pattern, folder in FOLDERS:
        name, found = re.subn('^' + pattern, folder, name)
        if found:
            break
    return name


def arguments(text, start):
    """The arguments of a call whose parenthesis opens before start, and where it ends."""
    depth, words, begin = 1, [], start
    for at in range(start, len(text)):
        if text[at] in '([{':
            depth += 1
        elif text[at] in ')]}':
            depth -= 1
        if not depth or (depth == 1 and text[at] == ','):
            words.append(' '.join(text[begin:at].split()))
            begin = at + 1
        if not depth:
            return words, at + 1
    die(f'a call that does not end: {text[start:start + 60]}')


def width(text):
    return len(text.expandtabs(8))


def broken(before, call, words, after):
    """A call, in lines that are not too long, as the kernel's style wants them."""
    if width(before + call + '(' + ', '.join(words) + ')' + after) <= 100:
        return call + '(' + ', '.join(words) + ')'
    column = width(before + call + '(')
    lines = [before + call + '(']
    # One that is too long by itself goes on in the next line.
    words = [part for word in words for part in
             (re.split(r'(?<= \?) ', word) if column + width(word) >= 100 else [word])]
    for number, word in enumerate(words):
        word += (')' + after if number + 1 == len(words) else '' if word.endswith(' ?') else ',')
        if number and width(lines[-1] + ' ' + word) > 100:
            lines.append('\t' * (column // 8) + ' ' * (column % 8) + word)
        else:
            lines[-1] += (' ' if number else '') + word
    text = '\n'.join(lines)
    return text[len(before):len(text) - len(after)]


def own_calls(text):
    """Each call of compat*.h is the kernel's own."""
    for old, (new, form) in CALLS.items():
        while True:
            found = re.search(r'\b%s\(' % old, text)
            if not found:
                break
            words, end = arguments(text, found.end())
            words = form.format(*words).split(', ') if len(words) > 1 else words
            before = text[text.rfind('\n', 0, found.start()) + 1:found.start()]
            after = text[end:text.find('\n', end)]
            if old == 'dmabay_iova_alloc':
                after = ' ? 0 : -ENOSPC' + after
                text = text[:end] + ' ? 0 : -ENOSPC' + text[end:]
            text = text[:found.start()] + broken(before, new, words, after) + text[end:]
    return text


def own_headers(text):
    """What is included by compat*.h, without it."""
    wanted = []
    for name in re.findall(r'^#include "(?:\.\./module/)?(compat\w*\.h)"\n', text, re.M):
        wanted += HEADERS[name]
    if not wanted:
        return text
    text = re.sub(r'^#include "(?:\.\./module/)?compat\w*\.h"\n', '', text, flags=re.M)
    block = re.search(r'(?:^#include <[^\n]*>\n)+', text, re.M)
    lines = sorted(set(block.group().splitlines()) | {f'#include <{name}>' for name in wanted})
    text = text[:block.start()] + '\n'.join(lines) + '\n' + text[block.end():]
    # Nothing is left of some blocks.
    return re.sub(r'\n\n\n+', '\n\n', text)


def own_form(name, text):
    """A file of this repository as it is in the kernel."""
    for pattern, replacement in TEXTS.get(name, ()):
        text = must(pattern, replacement, text, name)
    if name.endswith(('.c', '.h')):
        text = own_headers(text)
        for pattern, replacement in NAMES:
            text = re.sub(pattern, replacement, text)
        text = own_calls(text)
        text = re.sub(r'#include "\.\./module/', '#include "../', text)
    if name.endswith('.rst'):
        # Notes to those who run what is in the text, or compare it.
        text = re.sub(r'^\.\. (run|from): [^\n]*\n\n', '', text, flags=re.M)
    if name.endswith('.c') or name.endswith('.h') or name.endswith('.rst'):
        for pattern, folder in FOLDERS:
            text = re.sub(r'(?<![\w/.<])' + pattern, folder, text)
    stale = re.search(r'\b(compat_(?!ioctl|ptr_ioctl)|COMPAT_|dmabay_iova_|userspace/|'
                      r'KERNEL_VERSION|LINUX_VERSION)[^\n]*', text)
    if stale:
        die(f'{name}: a kernel has no {stale.group()}')
    return text


class Makefile:
    """A Makefile of this repository, with nothing but what is there."""

    def __init__(self, name, drop):
        with open(os.path.join(repository, name)) as file:
            text = file.read().replace('\\\n', ' ')
        text = must(r'^# SPDX[^\n]*\n(#\n)?', '', text, name)
        for pattern in drop:
            text = must(pattern, '', text, name)
        # Inside a kernel Kconfig looks whether the kernel has it.
        text = must(r'^# Out of tree nobody else looks[^\n]*\nifneq[^\n]*\n(.*?)endif\n', r'\1',
                    text, name)
        self.lines = text.splitlines()

    def filtered(self, there):
        """The text with the objects of the files that are there."""
        composed = {}
        for line in self.lines:
            found = re.match(r'(\w+)-(?:y|\$\(\w+\)) [:+]?= (.*)', line)
            if found and found.group(1) != 'obj':
                composed.setdefault(found.group(1) + '.o', []).extend(found.group(2).split())

        def has(word):
            if word in composed:
                return any(has(part) for part in composed[word] if part != word)
            stem = re.sub(r'\.o$', '', word)
            return stem + '.c' in there or stem.removesuffix('.dtbo') + '.dtso' in there

        out, notes = [], []
        for line in self.lines:
            found = re.match(r'([\w-]+(?:\$\(\w+\))?) ([:+]=) (.*)', line)
            if line.startswith('#'):
                notes.append(line)
                continue
            if found:
                words = [word for word in found.group(3).split() if has(word)]
                if words:
                    out += notes + wrapped(f'{found.group(1)} {found.group(2)}', words)
            elif line == 'endif' and out and out[-1].startswith('ifeq'):
                out.pop()
                while out and out[-1].startswith('#'):
                    out.pop()
            elif line or out:
                out += notes + [line]
            notes = []
        text = re.sub(r'\n\n\n+', '\n\n', '\n'.join(out)).strip('\n') + '\n'
        return '# SPDX-License-Identifier: GPL-2.0-only\n' + text


def wrapped(line, words):
    lines = [line]
    for word in words:
        if width(lines[-1] + ' ' + word) > 90:
            lines[-1] += ' \\'
            lines.append('\t' + word)
        else:
            lines[-1] += ' ' + word
    return lines


def kconfig(symbols):
    """Kconfig with the entries of these symbols."""
    with open(os.path.join(repository, 'Kconfig')) as file:
        text = own_form('Kconfig', file.read())
    parts = re.split(r'^(?=(?:menu)?config |if DMABAY|endif)', text, flags=re.M)
    keep = [part for part in parts
            if not re.match(r'config ', part) or re.match(r'config (\w+)', part).group(1) in symbols]
    return ''.join(keep)


class Series:
    """The repository: the kernel's files, and ours."""

    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        self.there = set()
        self.makefile = Makefile('module/Makefile', (r'^# The modules\..*?source on older ones?\.\n',
                                                     r'^dmabay-dir.*?(?=^obj-)',
                                                     r' compat_dma_iova\.o'))
        self.tests = Makefile('kunit/Makefile', (r'^[^\n]*(?:PEERS|dmabay_peers)[^\n]*\n',))
        subprocess.run(['git', 'init', '-q', '-b', 'dmabay', folder], check=True)
        for name in ('drivers/Kconfig', 'drivers/Makefile', 'MAINTAINERS', 'samples/Kconfig',
                     'samples/Makefile', 'Documentation/driver-api/index.rst',
                     'Documentation/devicetree/bindings/vendor-prefixes.yaml',
                     'Documentation/userspace-api/ioctl/ioctl-number.rst'):
            self.write(name, self.kernels(name))
        self.commit('The files of the kernel that change')
        self.git('tag', 'base')

    def git(self, *words):
        subprocess.run(['git', '-C', self.folder, '-c', 'commit.gpgsign=false', *words],
                       check=True, stdin=subprocess.DEVNULL)

    def kernels(self, name):
        try:
            with open(os.path.join(self.source, name)) as file:
                return file.read()
        except OSError as error:
            die(f'{self.source} is no source of a kernel: {error}')

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as file:
            file.write(text)

    def insert(self, name, pattern, line):
        """Put a line before what is found in a file of the kernel."""
        self.write(name, must(pattern, line.replace('\\', '\\\\') + r'\g<0>', self.read(name), name))

    def commit(self, message):
        self.git('add', '-A', '-f')
        self.git('commit', '-q', '-s', '-m', message)

    def add(self, name):
        with open(os.path.join(repository, name)) as file:
            text = own_form(name, file.read())
        self.there.add(name)
        self.write(goes_to(name), text)

    def patch(self, subject, text, names):
        first = not self.there
        for name in names:
            self.add(name)
        # What comes up with the module comes with the layer that has it.
        if 'module/main.c' in self.there:
            with open(os.path.join(repository, 'module/main.c')) as file:
                main = file.read()
            if 'module/user.h' not in self.there:
                main = must(r'^#include "user\.h"\n\n.*?(?=^MODULE_DESC)', '', main, 'main.c')
                main = must(r'^#include <linux/init\.h>\n', '', main, 'main.c')
            self.write('drivers/dmabay/main.c', main)
        if first:
            self.wire()
        self.build()
        for sign, wired in (('include/uapi/linux/dmabay.h', self.number),
                            ('module/dmabay,channel.yaml', self.prefix),
                            ('include/sample/dmabay_sample.c', self.samples),
                            ('include/driver.rst', self.index)):
            if sign in names:
                wired()
        self.commit(f'{subject}\n\n{text}')

    def build(self):
        """The Makefiles and Kconfig of our folder."""
        def of(folder):
            return {os.path.basename(name) for name in self.there if name.startswith(folder)}
        makefile = self.makefile.filtered(of('module/'))
        # trace.h is where the kernel looks for it.
        makefile = makefile.replace('\n', '\n#\n# The folder is where trace.h is found by the '
                                    'kernel.\nccflags-y += -I$(src)\n\n', 1)
        symbols = set(re.findall(r'CONFIG_(DMABAY\w*)', makefile))
        if of('kunit/'):
            tests = self.tests.filtered(of('kunit/'))
            self.write('drivers/dmabay/tests/Makefile', tests)
            for symbol in re.findall(r'^obj-\$\(CONFIG_(\w+)\)', tests, re.M):
                symbols.add(symbol)
                makefile += f'obj-$(CONFIG_{symbol}) += tests/\n'
        self.write('drivers/dmabay/Makefile', makefile)
        self.write('drivers/dmabay/Kconfig', kconfig(symbols))

    def wire(self):
        """The lines in drivers/, and the entry of who looks after it."""
        self.insert('drivers/Kconfig', r'^endmenu\s*\Z', 'source "drivers/dmabay/Kconfig"\n\n')
        self.write('drivers/Makefile',
                   self.read('drivers/Makefile') + 'obj-$(CONFIG_DMABAY)\t\t+= dmabay/\n')
        who = subprocess.run(['git', 'var', 'GIT_COMMITTER_IDENT'], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
        entry = '\n'.join([ENTRY, 'M:\t' + re.sub(r'> .*', '>', who.strip()),
                           *('L:\t' + each for each in LISTS), 'S:\tMaintained',
                           *('F:\t' + each for each in (
                               'Documentation/ABI/testing/sysfs-class-dmabay',
                               'Documentation/devicetree/bindings/dma/dmabay,channel.yaml',
                               'Documentation/driver-api/dmabay/', 'drivers/dmabay/',
                               'include/linux/dmabay*.h', 'include/uapi/linux/dmabay.h',
                               'samples/dmabay/'))]) + '\n\n'
        text = self.read('MAINTAINERS')
        for found in re.finditer(r'(?<=\n\n)([A-Z][^\n]*)\n[A-Z]:\t', text):
            # Not all of it is sorted.
            if found.group(1) > ENTRY and found.group(1)[0] == ENTRY[0]:
                self.write('MAINTAINERS', text[:found.start()] + entry + text[found.start():])
                return
        die('MAINTAINERS has no place for the entry')

    def number(self):
        self.insert('Documentation/userspace-api/ioctl/ioctl-number.rst', r'^0xDD  ',
                    f'{"0xDB  00-1F  linux/dmabay.h":<71}DMA reservations (dmabay)\n')

    def prefix(self):
        self.insert('Documentation/devicetree/bindings/vendor-prefixes.yaml', r'^  "\^dmo,',
                    '  "^dmabay,.*":\n    description: dmabay, DMA reserved once\n')

    def samples(self):
        self.write('samples/dmabay/Makefile', '# SPDX-License-Identifier: GPL-2.0-only\n'
                   'obj-$(CONFIG_SAMPLE_DMABAY) += dmabay_sample.o dmabay_port.o\n')
        self.write('samples/Makefile', self.read('samples/Makefile') +
                   'obj-$(CONFIG_SAMPLE_DMABAY)\t\t+= dmabay/\n')
        self.insert('samples/Kconfig', r'^source "samples/rust/Kconfig"', '''\
config SAMPLE_DMABAY
	tristate "Drivers over dmabay"
	depends on DMABAY_SOFT && PCI && m
	help
	  Two whole drivers: one whose card becomes /dev/dmabayN, and one with
	  a node of its own, after the shape that drivers of Windows have. Their
	  cards are the software engine of dmabay_soft, and QEMU's pci-testdev.

	  The modules are called dmabay_sample and dmabay_port.

''')

    def index(self):
        self.write('Documentation/driver-api/dmabay/index.rst', INDEX)
        self.insert('Documentation/driver-api/index.rst', r'^   dmaengine/index\n',
                    '   dmabay/index\n')


def read_list():
    """patches.list: subject, text and names of each."""
    listed = subprocess.run(['git', '-C', repository, 'ls-files', '-co', '--exclude-standard'],
                            check=True, text=True, stdout=subprocess.PIPE).stdout.split('\n')
    patches = []
    with open(os.path.join(here, 'patches.list')) as file:
        for line in file:
            if line.startswith('= '):
                patches.append((line[2:].strip(), [], []))
            elif line.startswith('>'):
                patches[-1][1].append(line[2:].rstrip())
            elif line.startswith('+ '):
                for word in line[2:].split():
                    pattern = re.escape(word).replace(r'\*', '[^/]*')
                    names = [name for name in listed if re.fullmatch(pattern, name) and
                             not name.startswith('kunit/peers')]
                    patches[-1][2].extend(names or die(f'patches.list: there is no {word}'))
            elif line.strip() and line[0] != '#':
                die(f"patches.list: what is '{line.strip()}'?")
    named = {name for patch in patches for name in patch[2]}
    for name in listed:
        if (re.match(r'(module|include)/.*\.[ch]$', name) and name not in named and
                not name.startswith('module/compat')):
            die(f'patches.list: no patch has {name}')
    return patches


def main():
    cover, *patches = read_list()
    series = Series(*sys.argv[1:])
    for subject, text, names in patches:
        series.patch(subject, '\n'.join(text), names)
    series.git('config', 'branch.dmabay.description', cover[0] + '\n\n' + '\n'.join(cover[1]))


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main()
