#include "report/assets.h"

#include <stddef.h>

/* One line of the file a string: C promises no literals over 4095 characters. */
static const char *const style[] = {
    ":root{color-scheme:light dark;--page:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d8dde3;",
    "--card:#f5f7f9;--gap:#eef1f4;--hatch:#aab2bb;--accent:#0b62a8;--warn:#8a4b00}",
    "@media(prefers-color-scheme:dark){:root{--page:#14171b;--ink:#e7eaee;--soft:#9aa5b1;",
    "--line:#333a42;--card:#1d2228;--gap:#20262c;--hatch:#59636e;--accent:#6db3f2;--warn:#f0b35a}}",
    "*{box-sizing:border-box}",
    "body{margin:0;background:var(--page);color:var(--ink);",
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}",
    "main{max-width:66rem;margin:0 auto;padding:1.5rem 1.25rem 3rem}",
    "h1{font-size:1.6rem;line-height:1.2;margin:.1rem 0 .3rem;overflow-wrap:anywhere}",
    "h2{font-size:1.2rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);",
    "padding-bottom:.25rem}",
    "h3{font-size:1rem;margin:1.3rem 0 .35rem}",
    "p{max-width:46rem;margin:.4rem 0}a{color:var(--accent)}",
    ".brand,.sub,.note{color:var(--soft);font-size:.9rem}",
    ".brand{letter-spacing:.04em;margin:0}.sub{margin:0}",
    ".warn{color:var(--warn)}",
    /* key figures */
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.6rem;",
    "margin:1rem 0;padding:0;list-style:none}",
    ".tiles li{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}",
    ".tiles b{display:block;font-size:1.25rem;line-height:1.25}",
    ".tiles span{color:var(--soft);font-size:.85rem}",
    /* plots: label, plot, value in one grid, so that time runs alike in all */
    ".plots{position:relative}",
    ".row{display:grid;grid-template-columns:9.5rem minmax(0,1fr) 3.6rem;column-gap:.7rem;",
    "align-items:center;margin:.28rem 0;break-inside:avoid}",
    ".label{font-size:.85rem;color:var(--soft);text-align:right;line-height:1.2}",
    ".label b{color:var(--ink);font-weight:600}",
    ".value{font-size:.85rem;font-variant-numeric:tabular-nums;color:var(--soft)}",
    ".plot{position:relative;min-width:0}",
    ".plot svg,.strip{display:block;width:100%;background:var(--gap);border-radius:2px}",
    ".axis .plot{height:1.4rem;border-top:1px solid var(--line)}",
    ".axis span{position:absolute;font-size:.78rem;color:var(--soft);padding-left:.2rem;",
    "border-left:1px solid var(--line);line-height:1.2;white-space:nowrap}",
    ".legend{list-style:none;margin:.2rem 0 0;padding:0}",
    ".legend li{display:flex;align-items:center;justify-content:flex-end;gap:.4rem}",
    ".legend i{width:.85rem;height:.85rem;order:1;border-radius:2px;background:var(--c)}",
    ".legend.inline{display:flex;flex-wrap:wrap;gap:.1rem 1rem;margin:.8rem 0}.inline i{order:0}",
    ".inline .strip{width:1.5rem}.over{width:16rem;min-width:9rem}",
    ".on{position:absolute;transform:translate(-50%,-50%);font-size:.78rem;line-height:1;",
    "pointer-events:none;white-space:nowrap;color:var(--t)}",
    "path{fill:var(--c)}path[class^=e],path[class^=g],path[class^=m]{stroke:var(--page);",
    "stroke-width:.8;vector-effect:non-scaling-stroke}rect{fill:var(--c)}",
    ".dense path{stroke-width:.25}",
    ".e0{--c:#a9b0b8;--t:#111}.e1{--c:#f3d84b;--t:#111}.e2{--c:#1f78b8;--t:#fff}",
    ".e3{--c:#d1541a;--t:#fff}.e4{--c:#cf84b0;--t:#111}.e5{--c:#0b9270;--t:#fff}",
    ".e6{--c:#eda423;--t:#111}",
    ".g0{--c:#51406f;--t:#fff}.g1{--c:#9aa2c4;--t:#111}.g2{--c:#f0c75e;--t:#111}",
    ".m0{--c:#1f78b8;--t:#fff}.m1{--c:#eda423;--t:#111}",
    ".cf{--c:#5d9fcc}.cv{--c:#e3b04f}.cs{--c:#5aa893}",
    "rect.gap{fill:var(--gap)}rect.veil{fill:var(--page);opacity:.62}",
    "rect.hatch{fill:url(#hatch)}path.hatchline{fill:none;stroke:var(--hatch);stroke-width:1.1}",
    ".key svg{display:inline-block;vertical-align:-.12em;background:var(--gap)}",
    ".cursor{position:absolute;top:0;bottom:0;width:1px;background:var(--ink);opacity:.55;",
    "pointer-events:none}",
    ".tip{position:absolute;top:0;z-index:1;background:var(--page);color:var(--ink);",
    "border:1px solid var(--line);border-radius:.4rem;padding:.35rem .6rem;font-size:.82rem;",
    "line-height:1.35;pointer-events:none;white-space:pre;box-shadow:0 2px 8px #0003}",
    /* tables */
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.92rem;min-width:60%}",
    "th,td{text-align:left;padding:.28rem 1.1rem .28rem 0;border-bottom:1px solid var(--line);",
    "vertical-align:middle}",
    "th{font-weight:600;color:var(--soft);font-size:.85rem}",
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}",
    "td i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;background:var(--c);",
    "margin-right:.5rem;vertical-align:-.05rem}",
    "td.bar{width:9rem}td.bar div{height:.7rem;border-radius:2px;background:var(--c,var(--soft))}",
    "dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.25rem 1.2rem;",
    "font-size:.92rem;margin:.5rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;",
    "white-space:pre-line}",
    ".notice{background:var(--card);border-left:4px solid var(--accent);padding:.7rem 1rem;",
    "border-radius:.3rem;font-size:.92rem}.notice p{max-width:none}",
    "@media(max-width:640px){main{padding:1rem .8rem 2rem}",
    ".row{grid-template-columns:minmax(0,1fr) auto;row-gap:.1rem}",
    ".row>.label{text-align:left}.row>.value{text-align:right}",
    ".row>.plot{grid-column:1/-1;grid-row:2}.curve{margin:.45rem 0}",
    ".axis>.label,.axis>.value{display:none}.axis>.plot{grid-row:1}",
    ".axis .minor,.on{display:none}",
    ".legend{display:flex;flex-wrap:wrap;gap:.1rem .8rem}.legend i{order:0}",
    ".legend li:not(:last-child)::after{content:none}",
    "th,td{padding-right:.7rem}td.bar,th.bar,.mean{display:none}dl{grid-template-columns:1fr;gap:0}",
    "dd{margin-bottom:.4rem}}",
    "@media print{:root{--page:#fff;--ink:#000;--soft:#444;--line:#bbb;--card:#f3f3f3;",
    "--gap:#eee;--hatch:#888}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}",
    "main{max-width:none;padding:0}body{font-size:11pt}.tip,.cursor{display:none}",
    "h2,h3{break-after:avoid}.tiles,table,.notice{break-inside:avoid}}",
};

/* A line and the values under the pointer. The page is complete without it. */
static const char *const script[] = {
    "'use strict';",
    "for(const plots of document.querySelectorAll('.plots')){",
    "const data=JSON.parse(document.getElementById('data-'+plots.dataset.lane).textContent);",
    "const names=JSON.parse(document.getElementById('names').textContent);",
    "const cursor=plots.querySelector('.cursor'),tip=plots.querySelector('.tip');",
    "const clock=t=>Math.floor(t/60)+':'+(t%60<10?'0':'')+(t%60).toFixed(1);",
    "const words=(key,i,unit)=>data[key][i].map((v,k)=>[v,names[key][k]]).sort((a,b)=>b[0]-a[0])",
    ".filter(p=>p[0]>=5).slice(0,3).map(p=>p[1]+' '+p[0]+unit).join(', ');",
    "const hide=()=>{cursor.hidden=tip.hidden=true};",
    "plots.addEventListener('pointerleave',hide);",
    "plots.addEventListener('pointermove',e=>{",
    "const box=plots.querySelector('.plot').getBoundingClientRect();",
    "const all=plots.getBoundingClientRect(),share=(e.clientX-box.left)/box.width;",
    "if(share<0||share>=1)return hide();",
    "const i=Math.min(Math.floor(share*data.end/data.bin),data.held.length-1);",
    "const from=i*data.bin,to=Math.min(from+data.bin,data.end);",
    "const lines=[clock(from)+' \\u2013 '+clock(to)];",
    "if(data.held[i])lines.push('estimate withheld');",
    "if(data.emotion[i].length)lines.push(words('emotion',i,' %'));",
    "if(data.weight[i].length)lines.push('rests on '+words('weight',i,' %'));",
    "if(data.engagement[i].length)lines.push(words('engagement',i,' %'),",
    "data.level[i].map((v,k)=>names.level[k]+' '+v/10).join(', ')+' (of 3)');",
    "if(!data.emotion[i].length)lines.push('nothing to go on');",
    "tip.textContent=lines.join('\\n');cursor.hidden=tip.hidden=false;",
    "const x=e.clientX-all.left;cursor.style.left=x+'px';",
    "tip.style.left=Math.max(0,Math.min(x+14,all.width-tip.offsetWidth))+'px';",
    "tip.style.top=Math.max(0,e.clientY-all.top-tip.offsetHeight-16)+'px';});}",
};

static void put_lines(FILE *f, const char *tag, const char *const *line, size_t n)
{
    fprintf(f, "<%s>\n", tag);
    for (size_t i = 0; i < n; i++) {
        fputs(line[i], f);
        fputc('\n', f);
    }
    fprintf(f, "</%s>\n", tag);
}

void at_assets_style(FILE *f)
{
    put_lines(f, "style", style, sizeof style / sizeof *style);
}

void at_assets_script(FILE *f)
{
    put_lines(f, "script", script, sizeof script / sizeof *script);
}
