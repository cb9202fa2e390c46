"""Pairs of further kinds: what real projects are built of, each with a smoke test that uses the program."""

# Dockerfiles stand as they are, however long a line is.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

from .pairs import APT, CLEAN, Pair, _app, _go, noise, write


def _dirty(folder: Path) -> None:
    _app(folder)
    write(
        folder,
        **{
            ".git/objects/pack/pack-1.pack": noise(700_000, 2),
            "coverage/lcov.info": noise(200_000, 3).hex(),
            "app/debug.log": noise(150_000, 4).hex(),
            "app/__pycache__/x.cpython-311.pyc": noise(120_000, 5),
            ".vscode/settings.json": noise(110_000, 6).hex(),
        },
    )


def _server(folder: Path) -> None:
    _app(folder)
    write(
        folder,
        **{
            "conf/app.conf": "mode=fast\n",
            "start.sh": "#!/bin/sh\ncat /etc/app/app.conf; id -u; ls -ld /data | cut -c1-10; wc -c < /srv/app/data.bin\n",
        },
    )
    (folder / "start.sh").chmod(0o755)


def _tar(folder: Path) -> None:
    write(
        folder,
        **{"main.c": "int x;\n", "obj/big.o": noise(1_200_000, 7), "run.sh": "#!/bin/sh\nwc -c < /opt/app/lib.bin\n"},
    )
    (folder / "run.sh").chmod(0o755)


def _textbook(folder: Path) -> None:
    write(folder, **{"data.json": '{"a": [1, 2, 3]}\n'})


def _django(folder: Path) -> None:
    write(
        folder,
        **{
            "requirements.txt": "django==4.2.11\n",
            "app.py": "import django\nfrom django.conf import settings\nfrom django.template import Context, Engine\n"
            "settings.configure(USE_I18N=False)\ndjango.setup()\n"
            "print(Engine().from_string('{{ a|add:1 }} {{ b|title }}').render(Context({'a': 1, 'b': 'it runs'})))\n",
        },
    )


def _uv(folder: Path) -> None:
    write(
        folder,
        **{
            "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
            'dependencies = ["markupsafe==2.1.5", "jinja2==3.1.4"]\n',
            "app.py": "import jinja2\nprint(jinja2.Template('{{ x|upper }}').render(x='it runs'))\n",
        },
    )


def _poetry(folder: Path) -> None:
    write(
        folder,
        **{
            "requirements.in": "jinja2\n",
            "app.py": "import jinja2\nprint(jinja2.Template('{{ x|upper }}').render(x='it runs'))\n",
        },
    )


def _typescript(folder: Path) -> None:
    write(
        folder,
        **{
            "package.json": '{"name": "app", "version": "1.0.0", "scripts": {"build": "tsc"}, "dependencies": '
            '{"ms": "2.1.3"}, "devDependencies": {"typescript": "5.4.5"}}\n',
            "tsconfig.json": '{"compilerOptions": {"outDir": "dist", "rootDir": "src", "strict": false}}\n',
            "src/index.ts": "declare const require: any;\nconst days: number = require('ms')('2 days');\n"
            "console.log('it runs', days);\n",
        },
    )


def _ruby(folder: Path) -> None:
    """A gem of its own with a part in C: what is built at its installation is what counts."""
    write(
        folder,
        **{
            "fast/fast.gemspec": "Gem::Specification.new do |s|\n  s.name = 'fast'\n  s.version = '1.0'\n  s.summary = 'x'\n"
            "  s.authors = ['x']\n  s.files = Dir['ext/**/*', 'lib/**/*']\n  s.extensions = ['ext/fast/extconf.rb']\nend\n",
            "fast/ext/fast/extconf.rb": "require 'mkmf'\ncreate_makefile('fast/fast')\n",
            "fast/ext/fast/fast.c": "#include <ruby.h>\nstatic VALUE twice(VALUE self, VALUE n) { return INT2NUM(2 * NUM2INT(n)); }\n"
            'void Init_fast(void) { rb_define_global_function("twice", twice, 1); }\n',
            "fast/lib/fast.rb": "require 'fast/fast'\n",
            "app.rb": "require 'fast'\nrequire 'json'\nputs JSON.generate({ 'it runs' => twice(21) })\n",
        },
    )


def _rust(folder: Path) -> None:
    write(
        folder,
        **{
            "Cargo.toml": '[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n[profile.release]\nstrip = true\n',
            "src/main.rs": "use std::collections::BTreeMap;\nfn main() {\n    let mut seen = BTreeMap::new();\n"
            "    for word in \"it runs and runs\".split(' ') {\n        *seen.entry(word).or_insert(0) += 1;\n    }\n"
            '    println!("{:?}", seen);\n}\n',
        },
    )


def _vite(folder: Path) -> None:
    write(
        folder,
        **{
            "package.json": '{"name": "site", "private": true, "type": "module", "scripts": {"build": "vite build"}, '
            '"devDependencies": {"vite": "5.2.11"}}\n',
            "index.html": '<!doctype html><title>it runs</title><script type="module" src="/src/main.js"></script>\n',
            "src/main.js": "import './style.css'\ndocument.body.textContent = 'it runs'\n",
            "src/style.css": "body { color: green }\n",
        },
    )


def _pandas(folder: Path) -> None:
    write(
        folder,
        **{
            "requirements.txt": "pandas\n",
            "model.csv": "name,weight\n" + "".join(f"feature{n},{n / 7:.6f}\n" for n in range(20_000)),
            "app.py": "import pandas\nmodel = pandas.read_csv('model.csv').set_index('name')['weight']\n"
            "rows = pandas.DataFrame({'feature1': [1.0, 2.0], 'feature7': [3.0, 4.0]})\n"
            "print('it runs', [round(float(x), 3) for x in rows @ model[rows.columns]])\n",
        },
    )


def _latex(folder: Path) -> None:
    write(
        folder,
        **{
            "doc.tex": "\\documentclass{article}\n\\begin{document}\nIt runs: $e^{i\\pi} = -1$.\n\\end{document}\n",
            "serve.py": "import functools, http.server, threading, sys, urllib.request\n"
            "handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory='/srv/doc')\n"
            "server = http.server.ThreadingHTTPServer(('', 8000), handler)\n"
            "if sys.argv[1:] == ['--check']:\n    threading.Thread(target=server.serve_forever, daemon=True).start()\n"
            "    data = urllib.request.urlopen('http://127.0.0.1:8000/doc.pdf').read()\n"
            "    print(data[:5], data.count(b'/Type /Page'), b'%%EOF' in data)\nelse:\n    server.serve_forever()\n",
        },
    )


# Debian has Maven's plugins as packages, with a repository of them: nothing is fetched while it builds.
MAVEN = "openjdk-17-jdk-headless maven-debian-helper"
MVN = "mvn -o -q -Dmaven.repo.local=/usr/share/maven-repo -DskipTests -Dmaven.test.skip package"


def _maven(folder: Path) -> None:
    """A project without dependencies: Debian's own plugins, in a repository of folders, are all that its build needs."""
    main = (
        "package app;\npublic class Main {\n    public static void main(String[] words) throws Exception {\n"
        '        System.out.println(new String(Main.class.getResourceAsStream("/words.txt").readAllBytes()).strip());\n'
        "    }\n}\n"
    )
    write(
        folder,
        **{
            "pom.xml": "<project>\n  <modelVersion>4.0.0</modelVersion>\n  <groupId>x</groupId>\n"
            "  <artifactId>app</artifactId>\n  <version>1</version>\n  <properties>\n"
            "    <maven.compiler.source>17</maven.compiler.source>\n    <maven.compiler.target>17</maven.compiler.target>\n"
            "    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>\n  </properties>\n</project>\n",
            "src/main/java/app/Main.java": main,
            "src/main/resources/words.txt": "it runs\n",
        },
    )


def _locale(folder: Path) -> None:
    write(folder, **{"app.py": "import locale\nprint(locale.setlocale(locale.LC_ALL, ''), locale.str(1.5))\n"})


def _composer(folder: Path) -> None:
    """Two packages of folders beside, so that no registry of PHP's is needed."""
    library = '{"name": "x/%s", "version": "1.0.0", "autoload": {"psr-4": {"X\\\\%s\\\\": "src/"}}}\n'
    write(
        folder,
        **{
            "packages/words/composer.json": library % ("words", "Words"),
            "packages/words/src/Words.php": "<?php\nnamespace X\\Words;\nclass Words { static function say() { return 'it runs'; } }\n",
            "packages/tests/composer.json": library % ("tests", "Tests"),
            "packages/tests/src/data.bin": noise(400_000, 8),
            "composer.json": '{"repositories": [{"type": "path", "url": "packages/*", "options": {"symlink": false}}, '
            '{"packagist.org": false}], "require": {"x/words": "1.0.0"}, "require-dev": {"x/tests": "1.0.0"}}\n',
            "app.php": "<?php require 'vendor/autoload.php'; echo X\\Words\\Words::say(), \"\\n\";\n",
        },
    )


def _cmake(folder: Path) -> None:
    write(
        folder,
        **{
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.20)\nproject(app CXX)\n"
            "find_package(Boost REQUIRED COMPONENTS program_options)\nadd_executable(app app.cpp)\n"
            "target_link_libraries(app Boost::program_options)\ninstall(TARGETS app)\n",
            "app.cpp": "#include <boost/program_options.hpp>\n#include <iostream>\nint main(int n, char **v) {\n"
            '  boost::program_options::options_description d("it runs");\n  d.add_options()("help", "help");\n'
            "  std::cout << d;\n}\n",
        },
    )


def _jar(folder: Path) -> None:
    write(
        folder,
        **{
            "src/app/Main.java": "package app; public class Main { public static void main(String[] a) throws Exception "
            '{ System.out.println(new String(Main.class.getResourceAsStream("/greeting.txt").readAllBytes()).trim()); } }\n',
            "resources/greeting.txt": "it runs\n",
        },
    )


NODE = f"RUN apt-get update && {APT} nodejs npm && {CLEAN}\n"
PYTHON = f"RUN apt-get update && {APT} python3 python3-pip python3-dev gcc libc6-dev && {CLEAN}\n"
SITE = "/usr/local/lib/python3.11"

KINDS = [
    Pair(
        "dirty-context",
        'FROM base\nWORKDIR /srv\nCOPY . .\nRUN chmod -R go-w /srv\nCMD ["/srv/app/run.sh"]\n',
        'FROM base\nWORKDIR /srv\nCOPY app app\nCMD ["/srv/app/run.sh"]\n',
        _dirty,
        ("/srv/app/run.sh",),
        ("IS301",),
    ),
    Pair(
        "moved-and-owned",
        "FROM base\nCOPY . /tmp/in\nRUN mkdir -p /srv /etc/app && cp -r /tmp/in/app /srv/app && cp /tmp/in/conf/app.conf /etc/app/\n"
        "RUN mkdir /data && chown 1000:1000 /data && chmod 700 /data && cp /tmp/in/start.sh /start.sh\n"
        "RUN chown -R 1000:1000 /srv/app\nRUN rm -rf /tmp/in\nENV MODE=fast\nEXPOSE 8000\nUSER 1000\n"
        'STOPSIGNAL SIGINT\nCMD ["/start.sh"]\n',
        "FROM base AS empty\nRUN mkdir -m 700 /data\nFROM base\nCOPY --chown=1000:1000 app /srv/app\n"
        "COPY conf/app.conf /etc/app/app.conf\nCOPY --from=empty --chown=1000:1000 /data /data\nRUN chown 1000:1000 /data && chmod 700 /data\n"
        'COPY start.sh /start.sh\nENV MODE=fast\nEXPOSE 8000\nUSER 1000\nSTOPSIGNAL SIGINT\nCMD ["/start.sh"]\n',
        _server,
        ("/start.sh",),
        ("IS001",),
    ),
    Pair(
        "objects",
        "FROM base\nWORKDIR /src\nCOPY . .\nRUN mkdir -p /opt/app && cat obj/big.o obj/big.o | head -c 400000 > /opt/app/lib.bin\n"
        'RUN rm -rf obj\nCOPY run.sh /opt/app/run.sh\nWORKDIR /opt/app\nCMD ["/opt/app/run.sh"]\n',
        "FROM base AS build\nWORKDIR /src\nCOPY . .\nRUN mkdir -p /opt/app && cat obj/big.o obj/big.o | head -c 400000 > /opt/app/lib.bin\n"
        'FROM base\nCOPY --from=build /opt/app /opt/app\nCOPY run.sh /opt/app/run.sh\nWORKDIR /opt/app\nCMD ["/opt/app/run.sh"]\n',
        _tar,
        ("/opt/app/run.sh",),
        ("IS001",),
    ),
    Pair(
        "textbook",
        "FROM base\nRUN apt-get update\nRUN apt-get install -y --no-install-recommends jq\n"
        "RUN apt-get install -y --no-install-recommends less\nRUN apt-get clean\nCOPY data.json /data.json\n"
        'CMD ["jq", "-c", ".a", "/data.json"]\n',
        f"FROM base\nRUN apt-get update && {APT} jq less && {CLEAN}\nCOPY data.json /data.json\n"
        'CMD ["jq", "-c", ".a", "/data.json"]\n',
        _textbook,
        ("jq", "-c", ".a", "/data.json"),
        ("IS101", "IS102"),
        registries=True,
    ),
    Pair(
        "sudo-user",
        f"FROM base\nRUN apt-get update && {APT} sudo jq && useradd -m app && echo 'app ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/app\n"
        f"USER app\nRUN sudo apt-get update && sudo {APT} less\nCOPY data.json /data.json\n"
        'CMD ["jq", "-c", ".a", "/data.json"]\n',
        f"FROM base\nRUN apt-get update && {APT} sudo jq less && useradd -m app && echo 'app ALL=(ALL) NOPASSWD: ALL' "
        f"> /etc/sudoers.d/app && {CLEAN}\nUSER app\nCOPY data.json /data.json\n"
        'CMD ["jq", "-c", ".a", "/data.json"]\n',
        _textbook,
        ("jq", "-c", ".a", "/data.json"),
        ("IS101", "IS102"),
        registries=True,
    ),
    Pair(
        "go-scratch",
        f"FROM base\nRUN apt-get update && {APT} golang-go && {CLEAN}\nCOPY . /src\n"
        'RUN cd /src && CGO_ENABLED=0 go build -ldflags "-s -w" -o /usr/local/bin/app .\nENTRYPOINT ["/usr/local/bin/app"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} golang-go\nCOPY . /src\n"
        'RUN cd /src && CGO_ENABLED=0 go build -ldflags "-s -w" -o /usr/local/bin/app .\n'
        'FROM scratch\nCOPY --from=build /usr/local/bin/app /usr/local/bin/app\nENTRYPOINT ["/usr/local/bin/app"]\n',
        _go,
        (),
        ("IS201", "IS113"),
        registries=True,
    ),
    Pair(
        "typescript",
        f"FROM base\n{NODE}RUN npm install -g pnpm@9\nWORKDIR /app\nCOPY . .\nRUN pnpm install && pnpm build\n"
        'CMD ["node", "dist/index.js"]\n',
        f"FROM base AS build\n{NODE}RUN npm install -g pnpm@9\nWORKDIR /app\nCOPY . .\nRUN pnpm install && pnpm build && "
        f"pnpm prune --prod\nFROM base\nRUN apt-get update && {APT} nodejs && {CLEAN}\nWORKDIR /app\n"
        "COPY --from=build /app/node_modules node_modules\nCOPY --from=build /app/dist dist\nCOPY package.json .\n"
        'CMD ["node", "dist/index.js"]\n',
        _typescript,
        ("node", "dist/index.js"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "uv",
        f"FROM base\n{PYTHON}RUN pip install --break-system-packages uv\nWORKDIR /app\nCOPY pyproject.toml .\n"
        "RUN SSL_CERT_FILE=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt} uv pip install --system --break-system-packages -r pyproject.toml\nCOPY app.py .\n"
        'CMD ["python3", "app.py"]\n',
        f"FROM base AS build\n{PYTHON}RUN pip install --break-system-packages uv\nWORKDIR /app\nCOPY pyproject.toml .\n"
        "RUN SSL_CERT_FILE=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt} uv pip install --prefix /install --no-cache -r pyproject.toml\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nCOPY --from=build /install /usr/local\n"
        'ENV PYTHONPATH=/usr/local/lib/python3.11/site-packages\nWORKDIR /app\nCOPY app.py pyproject.toml ./\nCMD ["python3", "app.py"]\n',
        _uv,
        ("python3", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "django",
        f"FROM base\n{PYTHON}WORKDIR /app\nCOPY . .\nRUN pip install --break-system-packages -r requirements.txt\n"
        "RUN useradd -m web && chown -R web /app\nUSER web\n"
        'CMD ["python3", "app.py"]\n',
        f"FROM base AS build\n{PYTHON}COPY requirements.txt .\n"
        "RUN pip install --break-system-packages --no-cache-dir -r requirements.txt\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nRUN useradd -m web\n"
        f"COPY --from=build {SITE} {SITE}\nWORKDIR /app\nCOPY --chown=web . .\nUSER web\n"
        'CMD ["python3", "app.py"]\n',
        _django,
        ("python3", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "poetry",
        f"FROM base\n{PYTHON}RUN pip install --break-system-packages poetry==1.8.3\nWORKDIR /app\nCOPY . .\n"
        "RUN pip install --break-system-packages --no-cache-dir -r requirements.in\n"
        'CMD ["python3", "app.py"]\n',
        f"FROM base AS build\n{PYTHON}COPY requirements.in .\n"
        "RUN pip install --break-system-packages --no-cache-dir -r requirements.in\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nCOPY --from=build {SITE} {SITE}\nWORKDIR /app\n"
        'COPY . .\nCMD ["python3", "app.py"]\n',
        _poetry,
        ("python3", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "locale-and-purge",
        f"FROM base\nRUN apt-get update && {APT} gcc libc6-dev locales python3\n"
        "RUN localedef -i de_DE -f UTF-8 de_DE.UTF-8\nENV LANG=de_DE.UTF-8\nCOPY app.py /app.py\n"
        "RUN apt-get purge -y gcc libc6-dev && apt-get autoremove -y\n"
        'CMD ["python3", "/app.py"]\n',
        f"FROM base\nRUN apt-get update && {APT} locales python3 && localedef -i de_DE -f UTF-8 de_DE.UTF-8 && {CLEAN}\n"
        'ENV LANG=de_DE.UTF-8\nCOPY app.py /app.py\nCMD ["python3", "/app.py"]\n',
        _locale,
        ("python3", "/app.py"),
        ("IS101",),
        registries=True,
    ),
    Pair(
        "ruby-native",
        f"FROM base\nRUN apt-get update && {APT} ruby ruby-dev gcc make libc6-dev && {CLEAN}\nWORKDIR /app\nCOPY app.rb .\n"
        "COPY fast /src/fast\nRUN cd /src/fast && gem build fast.gemspec && gem install --local fast-1.0.gem --no-document\n"
        'CMD ["ruby", "app.rb"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} ruby ruby-dev gcc make libc6-dev\n"
        "COPY fast /src/fast\nRUN cd /src/fast && gem build fast.gemspec && gem install --local fast-1.0.gem --no-document\n"
        "RUN rm -rf /var/lib/gems/3.1.0/cache /var/lib/gems/3.1.0/gems/fast-1.0/ext\n"
        f"FROM base\nRUN apt-get update && {APT} ruby && {CLEAN}\nCOPY --from=build /var/lib/gems /var/lib/gems\n"
        'WORKDIR /app\nCOPY app.rb .\nCMD ["ruby", "app.rb"]\n',
        _ruby,
        ("ruby", "app.rb"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "composer",
        f"FROM base\nRUN apt-get update && {APT} composer php-cli unzip git && {CLEAN}\nWORKDIR /app\nCOPY . .\n"
        'RUN composer install --no-interaction\nCMD ["php", "app.php"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} composer php-cli unzip git\nWORKDIR /app\nCOPY . .\n"
        f"RUN composer install --no-interaction --no-dev\nFROM base\nRUN apt-get update && {APT} php-cli && {CLEAN}\n"
        'WORKDIR /app\nCOPY . .\nCOPY --from=build /app/vendor vendor\nCMD ["php", "app.php"]\n',
        _composer,
        ("php", "app.php"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "cmake-boost",
        f"FROM base\nRUN apt-get update && {APT} cmake make g++ libboost-program-options-dev && {CLEAN}\nWORKDIR /src\nCOPY . .\n"
        'RUN cmake -B build . && cmake --build build && cmake --install build\nCMD ["app"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} cmake make g++ libboost-program-options-dev\nWORKDIR /src\nCOPY . .\n"
        f"RUN cmake -B build . && cmake --build build && cmake --install build\nFROM base\nRUN apt-get update && {APT} "
        f"libboost-program-options1.74.0 && {CLEAN}\nCOPY --from=build /usr/local/bin/app /usr/local/bin/app\nWORKDIR /src\n"
        'CMD ["app"]\n',
        _cmake,
        ("app",),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "jar",
        f"FROM base\nRUN apt-get update && {APT} openjdk-17-jdk-headless && {CLEAN}\nWORKDIR /build\nCOPY . .\n"
        "RUN javac -d classes src/app/Main.java && cp resources/* classes && jar cfe /opt/app.jar app.Main -C classes .\n"
        'CMD ["java", "-jar", "/opt/app.jar"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} openjdk-17-jdk-headless\nWORKDIR /build\nCOPY . .\n"
        "RUN javac -d classes src/app/Main.java && cp resources/* classes && jar cfe /opt/app.jar app.Main -C classes .\n"
        f"FROM base\nRUN apt-get update && {APT} openjdk-17-jre-headless && {CLEAN}\nWORKDIR /build\n"
        'COPY --from=build /opt/app.jar /opt/app.jar\nCMD ["java", "-jar", "/opt/app.jar"]\n',
        _jar,
        ("java", "-jar", "/opt/app.jar"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "rust",
        f"FROM base\nRUN apt-get update && {APT} cargo && {CLEAN}\nWORKDIR /src\nCOPY . .\n"
        'RUN cargo build --release\nCMD ["/src/target/release/app"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} cargo\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n"
        'FROM base\nCOPY --from=build /src/target/release/app /src/target/release/app\nWORKDIR /src\nCMD ["/src/target/release/app"]\n',
        _rust,
        ("/src/target/release/app",),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "vite-nginx",
        f"FROM base\nRUN apt-get update && {APT} nodejs npm nginx-light && {CLEAN} && mkdir /var/log/nginx\nWORKDIR /app\nCOPY . .\nRUN npm install\n"
        "RUN npm run build && rm -rf /var/www/html && cp -r dist /var/www/html\n"
        'EXPOSE 80\nCMD ["nginx", "-g", "daemon off;"]\n',
        f"FROM base AS build\n{NODE}WORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\n"
        f"FROM base\nRUN apt-get update && {APT} nginx-light && {CLEAN} && rm -rf /var/www/html && mkdir /var/log/nginx\nWORKDIR /app\n"
        'COPY --from=build /app/dist /var/www/html\nEXPOSE 80\nCMD ["nginx", "-g", "daemon off;"]\n',
        _vite,
        (
            "bash",
            "-c",
            "nginx && exec 3<>/dev/tcp/127.0.0.1/80 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && grep -o 'it runs' <&3",
        ),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "pandas",
        f"FROM base\n{PYTHON}WORKDIR /app\nCOPY . .\nRUN pip install --break-system-packages -r requirements.txt\n"
        'CMD ["python3", "app.py"]\n',
        f"FROM base AS build\n{PYTHON}COPY requirements.txt .\n"
        "RUN pip install --break-system-packages --no-cache-dir -r requirements.txt\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nCOPY --from=build {SITE} {SITE}\nWORKDIR /app\n"
        'COPY . .\nCMD ["python3", "app.py"]\n',
        _pandas,
        ("python3", "app.py"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "latex",
        f"FROM base\nRUN apt-get update && {APT} texlive-latex-base python3 && {CLEAN}\nWORKDIR /src\nCOPY . .\n"
        "RUN pdflatex -interaction=batchmode doc.tex && mkdir /srv/doc && cp doc.pdf /srv/doc\n"
        'EXPOSE 8000\nCMD ["python3", "/src/serve.py"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} texlive-latex-base\nWORKDIR /src\nCOPY doc.tex .\n"
        "RUN pdflatex -interaction=batchmode doc.tex && mkdir /srv/doc && cp doc.pdf /srv/doc\n"
        f"FROM base\nRUN apt-get update && {APT} python3 && {CLEAN}\nWORKDIR /src\nCOPY serve.py .\nCOPY --from=build /srv/doc /srv/doc\n"
        'EXPOSE 8000\nCMD ["python3", "/src/serve.py"]\n',
        _latex,
        ("python3", "/src/serve.py", "--check"),
        ("IS201",),
        registries=True,
    ),
    Pair(
        "maven",
        f"FROM base\nRUN apt-get update && {APT} {MAVEN} && {CLEAN}\nWORKDIR /build\nCOPY . .\n"
        f'RUN {MVN}\nCMD ["java", "-cp", "/build/target/app-1.jar", "app.Main"]\n',
        f"FROM base AS build\nRUN apt-get update && {APT} {MAVEN}\nWORKDIR /build\nCOPY . .\nRUN {MVN}\n"
        f"FROM base\nRUN apt-get update && {APT} openjdk-17-jre-headless && {CLEAN}\nWORKDIR /build\n"
        "COPY --from=build /build/target/app-1.jar /build/target/app-1.jar\n"
        'CMD ["java", "-cp", "/build/target/app-1.jar", "app.Main"]\n',
        _maven,
        ("java", "-cp", "/build/target/app-1.jar", "app.Main"),
        ("IS201",),
        registries=True,
    ),
]
