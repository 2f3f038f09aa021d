/* script.c - the values of a moment, under the pointer or by the keyboard. The page is complete
 * without it. */
#include "report/assets.h"

#include <stddef.h>

const char at_assets_script_hash[] = "sha256-l0wBzzRWEDdg2wUcIibfr2NaUAEC6YnqQV/CoajJMZE=";

/* One line of the file a string: C promises no literals over 4095 characters. */
static const char *const script[] = {
    "'use strict';",
    "const names=JSON.parse(document.getElementById('names').textContent);",
    "const clock=t=>Math.floor(t/60)+':'+(t%60<9.95?'0':'')+(t%60).toFixed(1);",
    "for(const live of document.querySelectorAll('.live'))live.hidden=false;",
    "for(const plots of document.querySelectorAll('.plots')){",
    "const data=JSON.parse(document.getElementById('data-'+plots.dataset.lane).textContent);",
    "const cursor=plots.querySelector('.cursor'),tip=plots.querySelector('.tip');",
    "const scrub=plots.querySelector('.scrub'),slider=scrub.querySelector('input');",
    "const values=[...plots.querySelectorAll('.value[data-curve]')],heads=[...plots."
    "querySelectorAll('.value.head')];",
    "const means=values.map(v=>v.textContent);",
    "const ranked=(key,i)=>data[key][i].map((v,k)=>[v,names[key][k]]).sort((a,b)=>b[0]-a[0])",
    ".filter(p=>p[0]>=5).slice(0,3).map(p=>p[1]+' '+p[0]+' %').join(', ');",
    /* What is to be said of bin i. */
    "const words=i=>{const from=i*data.bin,to=Math.min(from+data.bin,data.end);",
    "const lines=[clock(from)+' \\u2013 '+clock(to)];",
    "if(data.held[i])lines.push('estimate withheld');",
    "if(!data.emotion[i].length)return lines.concat('nothing to go on');",
    "lines.push(ranked('emotion',i),'rests on '+ranked('weight',i));",
    "if(data.engagement[i].length)lines.push(ranked('engagement',i));",
    /* Movements that are far from their mean. */
    "const moved=values.map((v,k)=>[data.movements[v.dataset.curve],data.curves[v.dataset.curve][i],",
    "parseInt(means[k])]).filter(p=>p[0]&&p[1]!==null&&Math.abs(p[1]-p[2])>=10)",
    ".sort((a,b)=>Math.abs(b[1]-b[2])-Math.abs(a[1]-a[2])).slice(0,3);",
    "if(moved.length)lines.push(moved.map(p=>p[0]+' '+p[1]+' % (mean '+p[2]+')').join(', '));",
    "return lines};",
    /* Shows bin i, with the line at x pixels of the lane. */
    "const show=(i,x)=>{const lines=words(i),all=plots.clientWidth;",
    "tip.textContent=lines.join('\\n');cursor.hidden=tip.hidden=false;",
    "cursor.style.left=x+'px';",
    "tip.style.left=Math.max(0,Math.min(x+14,all-tip.offsetWidth))+'px';",
    "slider.value=i;slider.setAttribute('aria-valuetext',lines.join('; '));",
    "heads.forEach(h=>{h.textContent='now'});",
    "for(const v of values){const x=data.curves[v.dataset.curve][i];",
    "v.textContent=x===null?'\\u2013':x+(v.dataset.unit&&'\\u202f'+v.dataset.unit);}};",
    "const hide=()=>{if(document.activeElement===slider)return;",
    "cursor.hidden=tip.hidden=true;heads.forEach(h=>{h.textContent='mean'});",
    "values.forEach((v,k)=>{v.textContent=means[k]})};",
    "const frame=()=>{const box=plots.querySelector('.plot').getBoundingClientRect();",
    "return [box.left-plots.getBoundingClientRect().left,box.width]};",
    "plots.addEventListener('pointerleave',hide);",
    "plots.addEventListener('pointermove',e=>{if(e.target===slider)return;",
    "const [left,width]=frame(),x=e.clientX-plots.getBoundingClientRect().left;",
    "const share=(x-left)/width;if(share<0||share>=1)return hide();",
    "show(Math.min(Math.floor(share*data.end/data.bin),data.held.length-1),x);",
    "tip.style.top=Math.max(0,e.clientY-plots.getBoundingClientRect().top-tip.offsetHeight-16)+'px';"
    "});",
    "const move=()=>{const [left,width]=frame(),i=+slider.value;",
    "show(i,left+width*Math.min((i+.5)*data.bin/data.end,1));tip.style.top='0px'};",
    "scrub.hidden=false;slider.addEventListener('input',move);slider.addEventListener('focus',move);",
    "slider.addEventListener('blur',hide);}",
};

void at_assets_script(FILE *f)
{
    fputs("<script>", f);
    for (size_t i = 0; i < sizeof script / sizeof *script; i++)
        fprintf(f, "%s\n", script[i]);
    fputs("</script>\n", f);
}
