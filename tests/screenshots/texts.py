"""What is asked and answered on the pictures."""

EARLIER = (
    "A letter to the landlord about the heating",
    "Regular expressions for dates",
    "What to cook with fennel",
    "Notes on Vermeer’s light",
    "Why is the sky dark at night?",
    "Packing list for a week in the hills",
)
QUESTION = "Why does the tide come in twice a day?"
TIDE = (
    "Because the earth turns beneath two bulges of water, not one.",
    "The moon pulls on the sea. On the side that faces it, the pull is strongest, and the water is drawn towards the "
    "moon. On the far side the pull is weakest: there the earth is drawn away from under the water, and the sea stands "
    "high as well.",
    "A point on the coast passes through both bulges in the course of a day, so it has high water twice. The moon has "
    "moved on a little in the meantime, and that is why the tide comes about fifty minutes later each day.",
)
THOUGHT = (
    "The question is about twice, not about tides as such. One bulge is easy to explain; the second is what people "
    "wonder about. Begin with the two bulges, then why the far one exists."
)
FORMATTED = """## High water from a list

The moon comes back to the same place every **24 h 50 min**, so high water comes *twice* in it. To find the next ones:

1. Take the last two readings, as in [the almanac](https://tides.example/brest/2026).
2. Add the interval, and keep the clock in UTC:
   - `utc` for the sum
   - local time for the reader
3. Round to minutes.

```python
from datetime import datetime, timedelta

INTERVAL = timedelta(hours=12, minutes=25)  # half a lunar day

def next_high_waters(last: datetime, count: int = 4) -> list[datetime]:
    '''The coming high waters, oldest first.'''
    return [last + INTERVAL * n for n in range(1, count + 1)]
```

| Harbour | High water | Height |
|:--|:-:|--:|
| Brest | 04:40 | 5.2 m |
| Dover | 11:05 | 6.4 m |
| Saint-Malo | 06:10 | 12.2 m |

> Heights are above chart datum. A strong wind moves them by half a metre.

- [x] Read the list
- [ ] Compare with https://tides.example

---

The force falls with the cube of the distance, \\(F \\propto r^{-3}\\).
"""
WIDE = """Side by side, and with the longest word that a harbour master knows:

| Harbour | High water | Low water | Height | Coefficient | Remarks |
|:--|:-:|:-:|--:|--:|:--|
| Saint-Malo | 06:10 | 12:44 | 12.2 m | 98 | The barrage of the Rance closes an hour before high water |
| Granville | 06:32 | 13:01 | 12.6 m | 98 | The lock is open for two hours and a half |

> **Mind the neaps.**
>
> - The range falls to a third.
>   1. Count from the half moon.
>      - Two days later it is least.

Gezeitenwasserstandsvorhersagemodellgenauigkeitsuntersuchungsausschussvorsitzendenstellvertreterwahl

```
https://tides.example/brest/2026/november/21/heights?datum=chart&unit=metre&step=PT10M&format=text
```
"""
LONG_TABLE = "High and low water at Brest, the whole week:\n\n| Day | Water | Time | Height | Coefficient |\n" + (
    "|:--|:--|:-:|--:|--:|\n"
    + "\n".join(
        f"| {day} | {'high' if n % 2 == 0 else 'low'} | {(n * 6 + 4) % 24:02}:{n * 13 % 60:02} | "
        f"{6.9 - n % 2 * 5.1 - d * 0.2:.1f} m | {98 - 4 * d} |"
        for d, day in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))
        for n in range(4)
    )
)
FORMULAS = r"""The roots of $ax^2 + bx + c = 0$, for $a \ne 0$, are

$$
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

Each step divides the interval by $2$, so after $n$ of them it is $2^{-n}$ wide, and it costs \(\$0.05\), not $5 or $10.

\[
\begin{aligned}
\nabla \cdot \mathbf{E} &= \frac{\rho}{\varepsilon_0} &
\nabla \times \mathbf{B} &= \mu_0 \left( \mathbf{J} + \varepsilon_0 \frac{\partial \mathbf{E}}{\partial t} \right) \\
f(x) &= \begin{cases} x^2 & \text{if } x \ge 0 \\ -x & \text{otherwise} \end{cases} &
A &= \begin{pmatrix} 1 & 0 \\ 0 & \cos\theta \end{pmatrix}
\end{aligned}
\]

- The sum $\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$ and the limit $\lim_{x \to 0} \frac{\sin x}{x} = 1$
- $$\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi} \qquad \boxed{\hat{\theta}} \quad \cancel{x}$$
الجذر هو $x = \sqrt{2}$ والمجموع $a + b$ في السطر.

- Water is \(\ce{2H2 + O2 -> 2H2O}\), which is not known here.

\[ \mathbb{E}[X] = \sum_{i=1}^{\infty} x_i\, P(X = x_i) = x_1 P(X = x_1) + x_2 P(X = x_2)
+ x_3 P(X = x_3) + x_4 P(X = x_4) + x_5 P(X = x_5) + \cdots \]
"""
ARABIC_QUESTION = "لماذا يأتي المد مرتين في اليوم؟"
ARABIC = (
    "لأن الأرض تدور تحت نتوءين من الماء، لا نتوء واحد.\n\n"
    "يجذب القمر البحر، وتمر كل نقطة على الساحل بالنتوءين كليهما في اليوم الواحد: 2 مرتان. 🌊🌙\n\n"
    "In English again: each paragraph stands where its own script begins."
)
ARABIC_EARLIER = (
    "رسالة إلى المالك بشأن التدفئة",
    "تعبيرات نمطية للتواريخ",
    "ماذا أطبخ بالشمر",
    "Notes on Vermeer’s light",
    "لماذا السماء مظلمة ليلا؟",
)
ARABIC_FORMATTED = """## أوقات المد

يعود القمر إلى المكان نفسه كل **24 ساعة و50 دقيقة**، فيأتي المد *مرتين* فيها:

1. خذ القراءتين الأخيرتين من [التقويم](https://tides.example/brest/2026).
2. أضف الفاصل، وأبق الساعة على `UTC`.

```python
INTERVAL = timedelta(hours=12, minutes=25)  # half a lunar day
```

| الميناء | المد | الارتفاع |
|:--|:-:|--:|
| بريست | 04:40 | 5.2 m |
| دوفر | 11:05 | 6.4 m |

> الارتفاعات فوق مستوى الخريطة.
"""
SYSTEM = "Answer in two sentences. Give figures with units."
NOTES = "Brest: 04:40 5.2 m\nDover: 11:05 6.4 m\n"
